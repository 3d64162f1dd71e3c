/** Where files come in: what is dropped anywhere on the page, and the browser's own dialogues. */

import { css, html, type PropertyDeclarations, type TemplateResult } from 'lit';
import { nameOf, shown } from '../files/names';
import { chosen, dropped, type Selection } from '../files/picked';
import type { Transfer } from '../files/transfers';
import { shared } from './shared-style';
import { ViewerElement } from './viewer-element';

/** Browsers say at least every 350 ms that something is held over the page (HTML section 6.11.5); milliseconds. */
const GONE_AFTER = 800;

/** Says `picked` when there is something to be seen of what was picked. */
export class Picker extends ViewerElement {
  static override properties: PropertyDeclarations = { over: { type: Boolean, reflect: true } };
  /** Files are held over the page. */
  declare over: boolean;
  /** Whose file is being chosen again. */
  #again: Transfer | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #listeners = new Map<string, (event: DragEvent) => void>([
    ['dragover', (event) => this.#hover(event)],
    ['drop', (event) => this.#drop(event)],
  ]);

  constructor() {
    super();
    this.over = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    for (const [name, listen] of this.#listeners) addEventListener(name, listen as EventListener);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const [name, listen] of this.#listeners) removeEventListener(name, listen as EventListener);
  }

  /** To be called while a click or a key is being handled. */
  chooseFiles(): void {
    this.#open('files');
  }

  chooseFolder(): void {
    this.#open('folder');
  }

  chooseAgain(transfer: Transfer): void {
    this.#again = transfer;
    this.#open('again');
  }

  override render(): TemplateResult {
    const { target, why = '' } = this.viewer?.files ?? {};
    const where = target === undefined ? why : `Drop to send to “${shown(nameOf(target))}”`;
    // Their buttons are elsewhere: nobody comes to them by the keyboard.
    return html`
      <input type="file" name="files" multiple hidden aria-label="Files to send" @change=${this.#chosen} />
      <input type="file" name="folder" webkitdirectory hidden aria-label="Folder to send" @change=${this.#chosen} />
      <input type="file" name="again" hidden aria-label="The same file again" @change=${this.#chosenAgain} />
      <p class="zone" aria-hidden="true">${where}</p>
    `;
  }

  #open(name: string): void {
    this.renderRoot.querySelector<HTMLInputElement>(`input[name=${name}]`)?.click();
  }

  /** What is held over the page says so again and again; not every browser says that it is gone. */
  #held(): void {
    this.over = this.viewer?.files.allowed === true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => (this.over = false), GONE_AFTER);
  }

  /** A file that is dropped anywhere must not be opened by the browser in place of this page. */
  #hover(event: DragEvent): void {
    const transfer = event.dataTransfer;
    if (!transfer?.types.includes('Files')) return;
    event.preventDefault();
    this.#held();
    transfer.dropEffect = this.over && this.viewer?.files.target !== undefined ? 'copy' : 'none';
  }

  #drop(event: DragEvent): void {
    clearTimeout(this.#timer);
    this.over = false;
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    // Without a connection just now it waits for the next.
    if (this.viewer?.files.allowed === true) this.#send(dropped(event.dataTransfer));
  }

  #chosen(event: Event): void {
    const input = event.target as HTMLInputElement;
    if (input.files && input.files.length > 0) this.#send(chosen(input.files));
    // The same may be chosen twice.
    input.value = '';
  }

  #chosenAgain(event: Event): void {
    const input = event.target as HTMLInputElement;
    const file = input.files?.[0];
    const transfer = this.#again;
    if (file && transfer) this.viewer?.files.provideAgain(transfer, file);
    input.value = '';
  }

  #send(selection: Promise<Selection>): void {
    this.dispatchEvent(new CustomEvent('picked', { bubbles: true, composed: true }));
    selection
      .then((picked) => this.viewer?.files.send(picked))
      .catch(() => this.viewer?.files.say('The browser could not read what was dropped.'));
  }

  static override styles = [
    shared,
    css`
      .zone {
        position: fixed;
        inset: 0.75rem;
        z-index: 2;
        display: none;
        place-items: center;
        margin: 0;
        border: 3px dashed var(--accent);
        border-radius: calc(var(--round) * 1.5);
        background: color-mix(in srgb, var(--accent-soft) 88%, transparent);
        color: var(--text);
        font-size: 1.25rem;
        font-weight: 600;
        text-align: center;
        pointer-events: none;
      }
      :host([over]) .zone {
        display: grid;
      }
    `,
  ];
}

customElements.define('watchword-picker', Picker);

declare global {
  interface HTMLElementTagNameMap {
    'watchword-picker': Picker;
  }
}
