/** The folder of the device's that is looked at, and what can be done in it. */

import { crumbs, join } from './names';
import { readPage, type Entry, type Link, type Page } from './wire';

/** Pages read again at most when a folder is looked at anew; more come when they are asked for. */
const MAX_PAGES = 20;

export class Folder {
  /** Empty: the list of roots. */
  path = '';
  entries: readonly Entry[] = [];
  /** There are more than these. */
  more = false;
  loading = false;
  /** What went wrong, a sentence. */
  problem = '';
  /** The roots, as far as they are known. */
  roots: readonly Entry[] = [];
  readonly #changed: () => void;
  #link: Link | undefined;
  /** Counts what is asked for: an older answer changes nothing. */
  #asked = 0;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** A session is live, whose word allows files to be read. */
  async begin(link: Link): Promise<void> {
    this.#link = link;
    await this.#load(async () => {
      const { entries } = readPage(await link.request('files.list', { path: '' }));
      this.roots = entries;
      // A list of one is walked through.
      if (this.path === '' && this.roots.length === 1) this.path = this.roots[0]?.name ?? '';
      return await this.#read(link);
    });
  }

  end(): void {
    this.#link = undefined;
    this.loading = false;
    this.#asked++;
  }

  /** Forgets the device. */
  clear(): void {
    this.end();
    [this.path, this.entries, this.more, this.problem, this.roots] = ['', [], false, '', []];
  }

  /** The folders above this one, and this one; the list of roots is the first where there are several. */
  get crumbs(): { name: string; path: string }[] {
    return this.roots.length === 1 ? crumbs(this.path) : [{ name: 'Device', path: '' }, ...crumbs(this.path)];
  }

  /** Whether anything can be put here at all, whatever the word allows. */
  get writable(): boolean {
    const root = this.path.split('/', 1)[0];
    return this.path !== '' && this.roots.find(({ name }) => name === root)?.writable !== false;
  }

  async go(path: string): Promise<void> {
    [this.path, this.entries, this.more] = [path, [], false];
    await this.refresh();
  }

  async refresh(): Promise<void> {
    const link = this.#link;
    if (link) await this.#load(() => this.#read(link));
  }

  async loadMore(): Promise<void> {
    const link = this.#link;
    if (!link || !this.more || this.loading) return;
    const before = this.entries;
    await this.#load(async () => {
      const page = await this.#page(link, before.at(-1)?.name ?? '');
      return { entries: [...before, ...page.entries], more: page.more };
    });
  }

  /** These reject with a sentence for a person. */
  async makeFolder(name: string): Promise<void> {
    await this.#change('files.mkdir', { path: join(this.path, name) });
  }

  async rename(entry: Entry, name: string): Promise<void> {
    await this.#change('files.move', { from: join(this.path, entry.name), to: join(this.path, name) });
  }

  /** A folder goes with all that is in it. */
  async remove(entry: Entry): Promise<void> {
    await this.#change('files.remove', { path: join(this.path, entry.name), recursive: entry.folder });
  }

  async #change(method: string, params: object): Promise<void> {
    if (!this.#link) throw new Error('There is no connection to the device just now.');
    await this.#link.request(method, params, 60_000);
    await this.refresh();
  }

  /** As much of the folder as was shown before. */
  async #read(link: Link): Promise<Page> {
    const wanted = this.entries.length;
    let page = await this.#page(link, '');
    for (let n = 1; page.more && page.entries.length < wanted && n < MAX_PAGES; n++) {
      const next = await this.#page(link, page.entries.at(-1)?.name ?? '');
      page = { entries: [...page.entries, ...next.entries], more: next.more };
    }
    return page;
  }

  async #page(link: Link, after: string): Promise<Page> {
    const page = readPage(await link.request('files.list', { path: this.path, after }));
    // One that said nothing and promised more would be asked for ever.
    return page.entries.length === 0 ? { ...page, more: false } : page;
  }

  async #load(read: () => Promise<Page>): Promise<void> {
    const asked = ++this.#asked;
    this.loading = true;
    this.#changed();
    try {
      const page = await read();
      if (asked !== this.#asked) return;
      [this.entries, this.more, this.problem] = [page.entries, page.more, ''];
    } catch (error) {
      if (asked !== this.#asked) return;
      this.problem = error instanceof Error ? error.message : String(error);
    }
    this.loading = false;
    this.#changed();
  }
}
