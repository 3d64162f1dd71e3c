import { css } from 'lit';

/** How every panel beside the picture looks: a head, and the rest below it. */
export const panelStyle = css`
  :host {
    display: block;
    min-height: 0;
    background: var(--surface);
    color: var(--text);
  }
  section {
    display: flex;
    flex-direction: column;
    height: 100%;
  }
  header {
    display: flex;
    align-items: center;
    padding: 0.6rem 0.6rem 0.6rem 1rem;
    border-bottom: 1px solid var(--line);
  }
`;
