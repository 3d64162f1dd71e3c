import { css } from 'lit';

/** How the page is laid out. */
export const appStyle = css`
  :host {
    position: fixed;
    inset: 0;
    display: grid;
    grid-template: 1fr / minmax(0, 1fr);
    background: var(--ground);
  }
  .picture {
    position: relative;
    min-width: 0;
    min-height: 0;
    overflow: auto;
  }
  main {
    position: relative;
    display: grid;
    gap: 1.25rem;
    width: min(27rem, 100% - 2rem);
    margin: max(1rem, min(16vh, 9rem)) auto 1rem;
    padding: 2rem clamp(1.25rem, 5vw, 2.25rem);
    background: var(--surface);
    border: 1px solid var(--line);
    border-radius: calc(var(--round) * 1.5);
    box-shadow: var(--shadow);
  }
  .status {
    margin: 0;
    color: var(--quiet);
    text-align: center;
    text-wrap: pretty;
  }
  .status:empty,
  :host([state='idle']) .status {
    display: none;
  }
  :host([state='refused']) .status {
    padding: 0.75rem 1rem;
    border-radius: var(--round);
    background: var(--warn-soft);
    color: var(--warn);
  }
  .choice {
    display: flex;
    flex-wrap: wrap;
    justify-content: center;
    gap: 0.75rem;
  }
  .choice button {
    padding: 0.7rem 1.2rem;
    border: 1px solid var(--field);
    border-radius: var(--round);
    background: transparent;
    font-weight: 600;
  }
  :host([scene]) .picture {
    overflow: hidden;
  }
  :host([scene]) main {
    position: absolute;
    inset: max(0.9rem, env(safe-area-inset-top)) 0 auto;
    width: fit-content;
    max-width: calc(100% - 2rem);
    margin: 0 auto;
    padding: 0;
    background: none;
    border: 0;
    box-shadow: none;
    pointer-events: none;
  }
  :host([scene]) .status {
    padding: 0.5rem 1rem;
    border-radius: 999px;
    background: rgb(14 18 20 / 78%);
    color: #fff;
  }
  :host([scene][state='live']) .status {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
  }
  watchword-files {
    flex: 1;
  }
  aside {
    display: flex;
    flex-direction: column;
    min-width: 0;
    min-height: 0;
  }
  aside[hidden] {
    display: none;
  }
  watchword-chat {
    flex: 1;
  }
  watchword-stats {
    position: absolute;
    inset: max(0.9rem, env(safe-area-inset-top)) auto auto max(0.9rem, env(safe-area-inset-left));
    max-height: calc(100% - 6rem);
    overflow: auto;
    color-scheme: dark;
    scrollbar-width: thin;
    border-radius: var(--round);
  }
  /* The sentence of a state stands above. */
  :host([scene]:not([state='live'])) watchword-stats {
    margin-top: 4.5rem;
    max-height: calc(100% - 10.5rem);
  }
  @media (min-width: 60rem) {
    :host([scene]:not([panel=''])) {
      grid-template-columns: minmax(0, 1fr) 22rem;
    }
    aside {
      border-inline-start: 1px solid var(--line);
    }
  }
  @media (max-width: 59.99rem) {
    :host([scene]:not([panel=''])) {
      grid-template-rows: minmax(30%, 1fr) minmax(0, 55%);
    }
    :host([scene][panel='files']) {
      grid-template-rows: minmax(24%, 1fr) minmax(0, 66%);
    }
  }
`;
