import { css } from 'lit';

/** How the list of files looks. */
export const fileStyle = css`
  header {
    gap: 0.2rem;
  }
  h2,
  nav {
    flex: 1;
    min-width: 0;
    margin: 0;
    font-size: 1rem;
    font-weight: 600;
  }
  ol,
  ul {
    margin: 0;
    padding: 0;
    list-style: none;
  }
  nav ol {
    display: flex;
    align-items: baseline;
    overflow-x: auto;
    scrollbar-width: none;
    white-space: nowrap;
  }
  nav li + li::before {
    content: '/';
    padding: 0 0.3rem;
    color: var(--quiet);
    font-weight: 400;
  }
  nav li {
    padding-block: 0.2rem;
  }
  nav button {
    padding: 0;
    border: 0;
    background: none;
    color: var(--accent);
    font-weight: 600;
  }
  .tools {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 0.4rem;
    padding: 0.6rem 1rem;
    border-bottom: 1px solid var(--line);
  }
  .hint {
    color: var(--quiet);
    font-size: 0.85rem;
  }
  @media (hover: none) {
    .hint {
      display: none;
    }
  }
  .tools button,
  form button,
  .more {
    min-height: 2.3rem;
    padding: 0 0.7rem;
    border: 1px solid var(--field);
    border-radius: 10px;
    background: transparent;
    font-size: 0.9rem;
  }
  .tools .main,
  form .main {
    border-color: transparent;
    background: var(--accent);
    color: var(--accent-text);
  }
  .body {
    flex: 1;
    min-height: 30%;
    overflow-y: auto;
    overscroll-behavior: contain;
  }
  /* What is on its way is seen, however long the list is. */
  watchword-transfers {
    max-height: 50%;
    overflow-y: auto;
    overscroll-behavior: contain;
    padding-bottom: env(safe-area-inset-bottom);
  }
  .list li {
    display: flex;
    align-items: center;
    padding-inline-end: 0.6rem;
  }
  .entry {
    flex: 1;
    display: grid;
    grid-template-columns: auto 1fr auto;
    align-items: center;
    column-gap: 0.7rem;
    min-width: 0;
    padding: 0.45rem 0.4rem 0.45rem 1rem;
    border: 0;
    background: none;
    text-align: start;
  }
  .list li:not(.asking):hover {
    background: color-mix(in srgb, var(--accent-soft) 55%, transparent);
  }
  .entry svg {
    grid-row: 1 / 3;
    color: var(--quiet);
  }
  .entry .name {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .entry .about {
    grid-column: 2;
    color: var(--quiet);
    font-size: 0.82rem;
  }
  .fetch {
    grid-area: 1 / 3 / 3;
    display: grid;
  }
  .icon {
    display: grid;
    place-items: center;
    width: 2.3rem;
    height: 2.3rem;
    padding: 0;
    border: 0;
    border-radius: 10px;
    background: transparent;
    color: var(--quiet);
  }
  .icon:hover {
    background: var(--accent-soft);
    color: var(--text);
  }
  .asking {
    padding: 0.5rem 1rem;
    background: var(--ground);
  }
  .list li.asking {
    display: block;
  }
  form {
    display: flex;
    flex-wrap: wrap;
    gap: 0.4rem;
  }
  form p {
    width: 100%;
    margin: 0;
    overflow-wrap: anywhere;
  }
  input {
    flex: 1 1 6rem;
    min-width: 0;
    padding: 0.4rem 0.6rem;
    border: 1px solid var(--field);
    border-radius: 10px;
    background: var(--surface);
    scroll-margin: 0.8rem;
    /* Below 16 px iOS enlarges the page. */
    font-size: 1rem;
  }
  .more {
    display: block;
    width: calc(100% - 2rem);
    margin: 0.5rem 1rem;
  }
  .empty,
  .problem {
    margin: 0;
    padding: 0.8rem 1rem;
    color: var(--quiet);
    font-size: 0.9rem;
    overflow-wrap: anywhere;
  }
  .problem {
    background: var(--warn-soft);
    color: var(--warn);
  }
  .problem:empty {
    display: none;
  }
`;
