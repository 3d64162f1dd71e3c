import { css } from 'lit';

/** How the stage looks. */
export const stageStyle = css`
  :host {
    position: absolute;
    inset: 0;
    overflow: hidden;
    background: #000;
    color: #fff;
  }
  :host(:not([shown])) {
    opacity: 0;
    pointer-events: none;
  }
  :host([resting]) {
    cursor: none;
  }
  video,
  canvas {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
    object-fit: contain;
  }
  canvas {
    filter: grayscale(0.5) brightness(0.55);
  }
  .notice:empty {
    display: none;
  }

  .notice {
    position: absolute;
    inset: auto 1rem 6rem;
    width: fit-content;
    max-width: min(32rem, 100% - 2rem);
    margin: 0 auto;
    padding: 1.25rem 1.5rem;
    border-radius: var(--round);
    background: rgb(14 18 20 / 82%);
    text-align: center;
  }
  .buttons {
    position: absolute;
    inset: auto 0 0;
    display: flex;
    align-items: center;
    gap: 0.5rem;
    padding: 2.5rem max(0.9rem, env(safe-area-inset-right)) max(0.9rem, env(safe-area-inset-bottom))
      max(0.9rem, env(safe-area-inset-left));
    background: linear-gradient(transparent, rgb(0 0 0 / 55%));
    transition: opacity 0.25s;
  }
  :host([resting]) .buttons:not(:focus-within):not(:hover) {
    opacity: 0;
  }
  .room {
    flex: 1;
  }
  button {
    position: relative;
    display: inline-flex;
    align-items: center;
    gap: 0.5rem;
    min-width: 2.9rem;
    min-height: 2.9rem;
    padding: 0.6rem;
    justify-content: center;
    border: 1px solid rgb(255 255 255 / 18%);
    border-radius: 999px;
    background: rgb(20 24 26 / 62%);
    color: #fff;
  }
  button:hover,
  button[aria-pressed='true']:not([name='sound']) {
    background: rgb(74 82 86 / 82%);
  }
  button:focus-visible {
    outline-color: #fff;
  }
  .inviting {
    padding-inline: 0.9rem 1.1rem;
    background: #fff;
    color: #14181a;
    font-weight: 600;
  }
  .inviting:hover {
    background: #e6e6e6;
  }
  .unread {
    position: absolute;
    top: -0.25rem;
    right: -0.25rem;
    min-width: 1.3rem;
    padding: 0 0.3rem;
    border-radius: 999px;
    background: #ffb454;
    color: #241500;
    font: 700 0.75rem/1.3rem var(--sans);
  }
  .going {
    background: #5cc2ae;
    color: #06201b;
  }
  @media (max-width: 29.99rem) {
    .buttons {
      flex-wrap: wrap;
      justify-content: flex-end;
      gap: 0.3rem;
    }
    .inviting {
      flex: none;
      margin-inline-end: auto;
    }
    .inviting + .room {
      flex-basis: 100%;
    }
    button:not(.inviting) {
      min-width: 2.7rem;
      min-height: 2.7rem;
      padding: 0.5rem;
    }
  }
`;
