/** The door: where the word is given, and where one waits until the device opens. */

import { css, html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import type { Viewer } from '../session/viewer';
import { loadWords, suggest } from '../word/suggest';
import { mark } from './icons';
import { WORD_FAULTS } from './sentences';
import { shared } from './shared-style';
import { ViewerElement } from './viewer-element';

const STEPS = ['looking', 'checking', 'connecting'] as const;
const STEP_NAMES = { looking: 'Find', checking: 'Check', connecting: 'Connect' } as const;

export class Door extends ViewerElement {
  static override properties: PropertyDeclarations = { fault: { state: true }, meant: { state: true } };
  /** What is wrong with the word as typed. */
  declare fault: string;
  /** The phrase that was probably meant by one that was wrong. */
  declare meant: string | undefined;
  #typed = '';
  #shown = '';

  constructor() {
    super();
    this.fault = '';
    this.meant = undefined;
  }

  override render(): TemplateResult | typeof nothing {
    const { viewer } = this;
    if (!viewer) return nothing;
    return html`<header>${mark}<h1>Watchword</h1></header>${this.#body(viewer)}`;
  }

  protected override updated(): void {
    const { state, word } = this.viewer ?? {};
    const at = state?.name === 'refused' ? state.reason : (state?.name ?? '');
    if (at === this.#shown) return;
    this.#shown = at;
    if (at === 'idle' || at === 'wrong-word') this.#input?.focus();
    if (at !== 'wrong-word' || !word) return;
    this.#input?.select();
    const { phrase } = word;
    loadWords()
      .then((words) => (this.meant = suggest(phrase, words)))
      .catch(() => undefined);
  }

  get #input(): HTMLInputElement | null {
    return this.renderRoot.querySelector('input[name="word"]');
  }

  #body(viewer: Viewer): TemplateResult {
    const { state } = viewer;
    const asking = state.name === 'idle' || (state.name === 'refused' && state.reason !== 'changed-key');
    return asking ? this.#form(viewer) : this.#waiting(viewer);
  }

  #form(viewer: Viewer): TemplateResult {
    return html`<form @submit=${this.#submit} novalidate>
      <label for="word">Secret word</label>
      <input id="word" name="word" type="text" .value=${this.#typed} @input=${this.#onInput} autocomplete="off"
        autocapitalize="none" autocorrect="off" spellcheck="false" enterkeyhint="go" maxlength="256"
        placeholder="garden-otter-violin-cobalt" aria-describedby="fault" aria-invalid=${this.fault !== ''} />
      <p id="fault" class="fault" role="alert">${this.fault}</p>
      ${this.#suggestion(viewer)}
      <label class="check"><input name="remember" type="checkbox" .checked=${viewer.memory.remembers} />
        Remember on this browser</label>
      <button type="submit">Connect</button>
    </form>`;
  }

  #suggestion({ state }: Viewer): TemplateResult | typeof nothing {
    const { meant } = this;
    if (state.name !== 'refused' || state.reason !== 'wrong-word' || meant === undefined) return nothing;
    return html`<p class="meant" aria-live="polite">Did you mean
      <button type="button" class="link" @click=${() => this.#go(meant)}>${meant}</button>?</p>`;
  }

  #waiting(viewer: Viewer): TemplateResult {
    const reached = STEPS.findIndex((step) => step === viewer.state.name);
    return html`<div class="waiting">
      <p class="place">${viewer.word?.place ?? ''}</p>
      <ol aria-hidden="true">${STEPS.map(
        (step, index) =>
          html`<li class=${index < reached ? 'done' : index === reached ? 'now' : ''}>${STEP_NAMES[step]}</li>`,
      )}</ol>
    </div>`;
  }

  #onInput(event: InputEvent): void {
    this.#typed = (event.target as HTMLInputElement).value;
    this.fault = '';
    this.viewer?.prepare();
  }

  #submit(event: SubmitEvent): void {
    event.preventDefault();
    this.#go(this.#input?.value ?? '');
  }

  #go(text: string): void {
    const remember = this.renderRoot.querySelector<HTMLInputElement>('input[name="remember"]')?.checked ?? false;
    this.#typed = text;
    this.meant = undefined;
    const fault = this.viewer?.go(text, remember);
    this.fault = fault === undefined ? '' : WORD_FAULTS[fault];
    if (fault !== undefined) this.#input?.focus();
  }

  static override styles = [
    shared,
    css`
      :host {
        display: grid;
        gap: 1.25rem;
      }
      header {
        display: grid;
        justify-items: center;
        gap: 0.75rem;
      }
      h1 {
        margin: 0;
        font-size: 1.35rem;
        font-weight: 600;
        letter-spacing: -0.01em;
      }
      form {
        display: grid;
        gap: 0.5rem;
      }
      label {
        font-weight: 550;
      }
      input[name='word'] {
        width: 100%;
        padding: 0.8rem 0.9rem;
        font: 1.05rem/1.3 var(--mono);
        background: var(--ground);
        border: 1px solid var(--field);
        border-radius: var(--round);
      }
      input[name='word']::placeholder {
        color: var(--quiet);
        opacity: 0.75;
      }
      input[aria-invalid='true'] {
        border-color: var(--warn);
      }
      .fault {
        margin: 0;
        color: var(--warn);
        font-size: 0.95rem;
      }
      .fault:empty {
        display: none;
      }
      .check {
        display: flex;
        align-items: center;
        gap: 0.6rem;
        padding: 0.35rem 0 0.6rem;
        font-weight: 400;
        color: var(--quiet);
      }
      .check input {
        width: 1.15rem;
        height: 1.15rem;
        margin: 0;
        accent-color: var(--accent);
      }
      button {
        padding: 0.75rem 1rem;
        font-weight: 600;
        border: 1px solid transparent;
        border-radius: var(--round);
        background: var(--accent);
        color: var(--accent-text);
      }
      button:hover {
        filter: brightness(1.07);
      }
      .link {
        padding: 0.1rem 0.2rem;
        background: none;
        color: var(--accent);
        font: 600 1em var(--mono);
        text-decoration: underline;
        text-underline-offset: 0.2em;
        overflow-wrap: anywhere;
        text-align: start;
      }
      .meant {
        margin: 0;
      }
      .waiting {
        display: grid;
        gap: 1rem;
        justify-items: center;
      }
      .place {
        margin: 0;
        font: 600 1.25rem var(--mono);
        overflow-wrap: anywhere;
      }
      ol {
        display: grid;
        grid-template-columns: repeat(3, 1fr);
        gap: 0.5rem;
        width: 100%;
        margin: 0;
        padding: 0;
        list-style: none;
      }
      li {
        padding-top: 0.5rem;
        border-top: 3px solid var(--line);
        color: var(--quiet);
        font-size: 0.85rem;
        text-align: center;
      }
      li.done,
      li.now {
        border-color: var(--accent);
        color: var(--text);
      }
      li.now {
        animation: breathe 1.6s ease-in-out infinite;
      }
      @keyframes breathe {
        50% {
          border-color: var(--line);
        }
      }
    `,
  ];
}

customElements.define('watchword-door', Door);

declare global {
  interface HTMLElementTagNameMap {
    'watchword-door': Door;
  }
}
