/** Uploads that are not done, kept in this browser so that they go on after the page was loaded again. */

import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { Sent } from './upload-job';

/** The device keeps what it has of an upload for so long, milliseconds. */
const KEEP = 7 * 86_400_000;
/** Uploads kept; one more is not, and is lost with the page. */
const MAX_KEPT = 1_000;

export interface Kept extends Sent {
  key: number;
  /** Where its device is found. */
  place: string;
  /** A person agreed that it replaces what is there. */
  overwrite: boolean;
  /** Where the browser gave one. */
  handle: FileSystemFileHandle | undefined;
}

type Stored = Omit<Kept, 'key'> & {
  key?: number;
  /** Which page it belongs to: another that is open leaves it alone. */
  page: string;
  /** Milliseconds since the epoch. */
  since: number;
};

interface Schema extends DBSchema {
  uploads: { key: number; value: Stored };
}

/** Held by a page as long as it is open. */
const LOCK = 'watchword.page.';

/** Without a database (a private window may have none) uploads last as long as the page. */
export class KeptUploads {
  readonly #page = crypto.randomUUID();
  #database: Promise<IDBPDatabase<Schema>> | undefined;
  #count = 0;

  /** Keeps one; its key, or nothing where it cannot be kept. */
  async keep(upload: Omit<Kept, 'key'>): Promise<number | undefined> {
    if (this.#count >= MAX_KEPT) return undefined;
    this.#count++;
    try {
      return await (await this.#open()).add('uploads', { ...upload, page: this.#page, since: Date.now() });
    } catch {
      this.#count--;
      return undefined;
    }
  }

  async forget(key: number): Promise<void> {
    this.#count--;
    await (await this.#open()).delete('uploads', key);
  }

  /** Takes over what pages that are closed had for the device at this place, the oldest first. */
  async take(place: string): Promise<Kept[]> {
    try {
      // Two pages that are opened at once do not take the same.
      return await navigator.locks.request('watchword.uploads', () => this.#take(place));
    } catch {
      return [];
    }
  }

  async #take(place: string): Promise<Kept[]> {
    const database = await this.#open();
    const { held = [] } = await navigator.locks.query();
    const open = new Set(held.map(({ name }) => name));
    const taken: Kept[] = [];
    const work = database.transaction('uploads', 'readwrite');
    for await (const cursor of work.store) {
      const { page, since, ...upload } = cursor.value;
      if (open.has(LOCK + page)) continue;
      if (Date.now() - since > KEEP) await cursor.delete();
      else if (upload.place === place) {
        await cursor.update({ ...cursor.value, page: this.#page });
        taken.push({ ...upload, key: cursor.primaryKey });
      }
    }
    await work.done;
    this.#count += taken.length;
    return taken;
  }

  async #open(): Promise<IDBPDatabase<Schema>> {
    this.#database ??= this.#begin();
    return await this.#database;
  }

  async #begin(): Promise<IDBPDatabase<Schema>> {
    await new Promise<void>((held, refused) => {
      const forEver = (): Promise<void> => {
        held();
        return new Promise(() => undefined);
      };
      navigator.locks.request(LOCK + this.#page, forEver).catch(refused);
    });
    return await openDB<Schema>('watchword', 1, {
      upgrade: (database) => {
        database.createObjectStore('uploads', { keyPath: 'key', autoIncrement: true });
      },
    });
  }
}
