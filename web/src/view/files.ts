/** The device's folders: walked through, changed as far as the word allows, and what is on its way. */

import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { Files } from '../files/files';
import { join, nameFault, shown } from '../files/names';
import { Declined } from '../files/places';
import { date, size } from '../files/units';
import type { Entry } from '../files/wire';
import { fileStyle } from './files-style';
import { bin, cross, download, file, folder, pencil, renew } from './icons';
import { panelStyle } from './panel-style';
import { shared } from './shared-style';
import './transfers';
import { ViewerElement } from './viewer-element';

/** What is being asked about an entry, or about the folder. */
type Asking = { what: 'rename' | 'remove'; name: string } | { what: 'new-folder' } | undefined;

export class FilesElement extends ViewerElement {
  static override properties: PropertyDeclarations = { asking: { state: true }, problem: { state: true } };
  declare asking: Asking;
  /** What a change came to, where it came to nothing. */
  declare problem: string;

  constructor() {
    super();
    this.problem = '';
  }

  override render(): TemplateResult | typeof nothing {
    const files = this.viewer?.files;
    if (!files?.allowed) return nothing;
    const reads = this.#may('files');
    return html`<section aria-label="Files">
      <header>
        ${reads ? this.#crumbs(files) : html`<h2>Files</h2>`}
        ${reads ? icon('refresh', 'Look again', renew, () => void files.folder.refresh()) : nothing}
        ${icon('close', 'Close the files', cross, () => this.#say('open-files'))}
      </header>
      ${this.#tools(files)}
      <div class="body">
        <p class="problem" role="alert">${this.problem || files.notice || files.folder.problem}</p>
        ${reads ? this.#list(files) : html`<p class="empty">Your word allows files to be sent to this device, not to be seen there.</p>`}
      </div>
      <watchword-transfers .viewer=${this.viewer}></watchword-transfers>
      <p class="unseen" role="status">${files.heard}</p>
    </section>`;
  }

  protected override updated(): void {
    // The folder that is looked at is the last of its path.
    const path = this.renderRoot.querySelector('nav ol');
    if (path) path.scrollLeft = path.scrollWidth;
    const field = this.renderRoot.querySelector<HTMLInputElement>('form input:not([data-met])');
    if (!field) return;
    // A field that has just come takes the keyboard; a name without its ending is what is mostly changed.
    field.dataset.met = '';
    field.focus();
    const dot = field.value.lastIndexOf('.');
    field.setSelectionRange(0, dot > 0 ? dot : field.value.length);
  }

  #may(right: string): boolean {
    return this.viewer?.conversation.may(right) === true;
  }

  #crumbs({ folder }: Files): TemplateResult {
    const { crumbs } = folder;
    return html`<nav aria-label="Folder"><ol>
      ${crumbs.map(({ name, path }, n) =>
        n === crumbs.length - 1
          ? html`<li aria-current="page"><bdi>${shown(name)}</bdi></li>`
          : html`<li><button type="button" @click=${() => this.#go(path)}><bdi>${shown(name)}</bdi></button></li>`,
      )}
    </ol></nav>`;
  }

  #tools(files: Files): TemplateResult | typeof nothing {
    if (files.target === undefined) return nothing;
    return html`<div class="tools">
      <button type="button" name="send-files" class="main" @click=${() => this.#say('choose-files')}>Send files</button>
      <button type="button" name="send-folder" @click=${() => this.#say('choose-folder')}>Send folder</button>
      ${this.#may('files')
        ? html`<button type="button" name="new-folder" @click=${() => this.#ask({ what: 'new-folder' })}>New folder</button>`
        : nothing}
      <span class="hint">or drop them on this page</span>
    </div>`;
  }

  #list({ folder }: Files): TemplateResult {
    const { entries, more, loading, path } = folder;
    const empty = entries.length === 0 && !loading && folder.problem === '';
    return html`
      ${this.asking?.what === 'new-folder' ? html`<div class="asking">${this.#nameForm('', 'Make it', 'Name of the new folder')}</div>` : nothing}
      <ul class="list" aria-label="Files and folders" aria-busy=${loading}>
        ${repeat(entries, ({ name }) => `${path}/${name}`, (entry) => this.#entry(entry))}
      </ul>
      ${empty ? html`<p class="empty">${path === '' ? 'This device shares no folder.' : 'Nothing is here yet.'}</p>` : nothing}
      ${more
        ? html`<button type="button" name="more" class="more" ?disabled=${loading} @click=${() => void folder.loadMore()}>More</button>`
        : nothing}
    `;
  }

  #entry(entry: Entry): TemplateResult {
    const { name } = entry;
    const asked = this.asking !== undefined && 'name' in this.asking && this.asking.name === name ? this.asking.what : undefined;
    if (asked === 'rename') return html`<li class="asking">${this.#nameForm(name, 'Rename', `New name of ${shown(name)}`)}</li>`;
    if (asked === 'remove') return this.#removal(entry);
    const changes = this.#may('manage') && entry.writable && this.viewer?.files.folder.path !== '';
    const what = entry.folder ? 'Folder' : size(entry.size);
    const when = date(entry.modifiedMs, Date.now());
    return html`<li data-name=${name}>
      <button type="button" class="entry" @click=${() => this.#open(entry)}
        aria-label="${entry.folder ? 'Open' : 'Fetch'} ${shown(name)}, ${what}${when === '' ? '' : `, ${when}`}">
        ${entry.folder ? folder : file}
        <bdi class="name">${shown(name)}</bdi>
        <span class="about">${when === '' ? what : `${what} · ${when}`}</span>
        ${entry.folder ? nothing : html`<span class="fetch">${download}</span>`}
      </button>
      ${changes
        ? html`${icon('rename', `Rename ${shown(name)}`, pencil, () => this.#ask({ what: 'rename', name }))}
            ${icon('remove', `Remove ${shown(name)}`, bin, () => this.#ask({ what: 'remove', name }))}`
        : nothing}
    </li>`;
  }

  #removal(entry: Entry): TemplateResult {
    const all = entry.folder ? ' and all that is in it' : '';
    return html`<li class="asking"><form @submit=${(event: SubmitEvent) => this.#change(event, (files) => files.folder.remove(entry))}>
      <p>Remove <bdi>${shown(entry.name)}</bdi>${all}?</p>
      <button type="submit" class="main">Remove</button>
      <button type="button" @click=${() => this.#ask(undefined)}>Keep</button>
    </form></li>`;
  }

  /** Makes a folder, or renames what has the name `before`. */
  #nameForm(before: string, act: string, label: string): TemplateResult {
    return html`<form @submit=${(event: SubmitEvent) => this.#named(event, before)}
      @keydown=${(event: KeyboardEvent) => event.key === 'Escape' && this.#ask(undefined)}>
      <input name="name" aria-label=${label} .value=${before} maxlength="255" autocomplete="off" autocapitalize="off"
        spellcheck="false" />
      <button type="submit" class="main">${act}</button>
      <button type="button" @click=${() => this.#ask(undefined)}>Cancel</button>
    </form>`;
  }

  #named(event: SubmitEvent, before: string): void {
    const name = (new FormData(event.target as HTMLFormElement).get('name') as string | null) ?? '';
    const entry = this.viewer?.files.folder.entries.find((entry) => entry.name === before);
    const fault = nameFault(name);
    this.#change(event, ({ folder }) => {
      if (fault !== undefined) return Promise.reject(new Error(fault));
      if (before === '') return folder.makeFolder(name);
      return entry && name !== before ? folder.rename(entry, name) : Promise.resolve();
    });
  }

  #change(event: SubmitEvent, act: (files: Files) => Promise<void>): void {
    event.preventDefault();
    const files = this.viewer?.files;
    if (!files) return;
    act(files).then(
      () => this.#ask(undefined),
      (error: unknown) => (this.problem = error instanceof Error ? error.message : 'It could not be done.'),
    );
  }

  #ask(asking: Asking): void {
    [this.asking, this.problem] = [asking, ''];
    this.viewer?.files.say('');
  }

  #open(entry: Entry): void {
    const files = this.viewer?.files;
    if (!files) return;
    const path = join(files.folder.path, entry.name);
    if (entry.folder) this.#go(path);
    else files.fetch(path, entry.size).catch((error: unknown) => error instanceof Declined || files.say('It could not be fetched.'));
  }

  #go(path: string): void {
    this.#ask(undefined);
    void this.viewer?.files.folder.go(path);
    this.renderRoot.querySelector('.body')?.scrollTo(0, 0);
  }

  #say(name: string): void {
    this.dispatchEvent(new CustomEvent(name, { bubbles: true, composed: true }));
  }

  static override styles = [shared, panelStyle, fileStyle];
}

function icon(name: string, label: string, image: TemplateResult, act: () => void): TemplateResult {
  return html`<button type="button" name=${name} class="icon" aria-label=${label} title=${label} @click=${act}>${image}</button>`;
}

customElements.define('watchword-files', FilesElement);

declare global {
  interface HTMLElementTagNameMap {
    'watchword-files': FilesElement;
  }
}
