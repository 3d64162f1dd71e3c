/** Files of one device: its folders, and what is on its way to and from it. Lasts as long as the page. */

import type { PageCommands } from '../session/page-commands';
import { Disk } from './disk';
import { DownloadJob } from './download-job';
import { Folder } from './folder';
import { KeptUploads } from './kept';
import { join, nameOf, shown, snapshotName, typedPath } from './names';
import type { Picked, Selection } from './picked';
import { MAX_PICKED } from './picked';
import { chooseFile, Declined, sweep } from './places';
import { Transfers, type Transfer } from './transfers';
import { UploadJob, type Sent } from './upload-job';
import { readEntry, type Link } from './wire';

/** Where files go when the word does not allow to look at folders: the device's first root, unless its owner has renamed it. */
const DEFAULT_ROOT = 'files';
/** What came is looked at so long after the last of it, milliseconds. */
const LOOK_AFTER = 400;

/** What the word allows; `may` is asked whenever it matters. */
export type May = (right: string) => boolean;

export class Files {
  readonly folder: Folder;
  readonly transfers: Transfers;
  /** What was said of the last thing that a person did, a sentence; empty: nothing. */
  notice = '';
  /** What came to its end last, for those who hear the page. */
  heard = '';
  readonly #may: May;
  readonly #changed: () => void;
  readonly #disk = new Disk();
  readonly #kept = new KeptUploads();
  /** Of uploads from an earlier visit. */
  readonly #handles = new WeakMap<UploadJob, FileSystemFileHandle>();
  #place = '';
  #link: Link | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(may: May, changed: () => void) {
    this.#may = may;
    this.#changed = changed;
    this.folder = new Folder(changed);
    this.transfers = new Transfers({ changed, done: (transfer) => this.#done(transfer), failed: (transfer) => this.#failed(transfer) });
    void sweep(Date.now());
  }

  /** Whether there is anything to do here. */
  get allowed(): boolean {
    return this.#may('files') || this.#may('upload');
  }

  /** Where files go that are sent now; undefined: nowhere, a folder has to be chosen first. */
  get target(): string | undefined {
    if (!this.#may('upload')) return undefined;
    if (!this.#may('files')) return DEFAULT_ROOT;
    return this.folder.writable ? this.folder.path : undefined;
  }

  /** Why there is no target, a sentence. */
  get why(): string {
    if (!this.#may('upload')) return 'Your word does not allow files to be sent.';
    return this.folder.path === '' ? 'Choose a folder of the device first.' : 'This folder can only be read.';
  }

  /** A session is live, and what its word allows is known. `place`: where its device is found. */
  async begin(link: Link, place: string): Promise<void> {
    this.#link = link;
    const first = this.#place !== place;
    this.#place = place;
    this.transfers.begin(link);
    if (this.#may('files')) void this.folder.begin(link);
    if (first && this.#may('upload')) await this.#takeKept(place);
  }

  end(): void {
    this.#link = undefined;
    this.folder.end();
    this.transfers.end();
  }

  /** Another device, or none. */
  clear(): void {
    for (const { job } of this.transfers.all) if (job instanceof UploadJob) this.#forget(job);
    this.#link = undefined;
    this.transfers.clear();
    this.folder.clear();
    [this.#place, this.notice, this.heard] = ['', '', ''];
  }

  /** Sends what was picked to the folder that is looked at. */
  async send({ files, emptyFolders, cut, unreadable }: Selection): Promise<void> {
    const target = this.target;
    if (target === undefined) {
      this.say(this.why);
      return;
    }
    if (unreadable > 0) this.say(`The browser could not read ${unreadable} of what was picked; the rest is sent.`);
    else this.say(cut ? `That is more than ${MAX_PICKED} files, or deeper than 64 folders: not all of it is sent.` : '');
    const running = new Set(this.transfers.all.filter(({ state }) => state.name === 'running').map(({ job }) => job.path));
    const pairs = files
      .map((picked): [UploadJob, Picked] => [this.#upload(picked, target), picked])
      .filter(([{ path }]) => !running.has(path));
    const paths = new Set(pairs.map(([{ path }]) => path));
    for (const transfer of this.transfers.all) {
      // Chosen again is chosen anew: the device goes on with what it has of it.
      if (paths.has(transfer.job.path) && transfer.job instanceof UploadJob) this.#replace(transfer);
    }
    this.transfers.add(pairs.map(([job]) => job));
    await Promise.all([this.#makeFolders(target, emptyFolders), ...pairs.map(([job, { handle }]) => this.#keep(job, handle))]);
  }

  /** To be called while a click is being handled: the browser may ask where to put it. */
  async fetch(path: string, size?: number): Promise<void> {
    const chosen = await chooseFile(nameOf(path), size);
    this.transfers.add([new DownloadJob(this.#disk, 'files.get', path, nameOf(path), size, chosen)]);
  }

  /** What a person wrote as a path. Resolves and rejects with a sentence for a person. */
  async fetchTyped(text: string): Promise<string> {
    const path = typedPath(text, this.folder.roots.map(({ name }) => name), this.folder.path);
    if (!this.#link) throw new Error('There is no connection to the device just now.');
    const entry = readEntry(await this.#link.request('files.stat', { path }));
    if (entry?.folder === true) throw new Error('This is a folder, not a file.');
    try {
      await this.fetch(path, entry?.size);
    } catch (error) {
      if (error instanceof Declined) return 'It is not fetched.';
      throw error;
    }
    return `${shown(path)} is being fetched.`;
  }

  /** Lines of the chat; `choose` opens the browser's dialogue. */
  commands(choose: () => void): PageCommands {
    return {
      put: () => {
        if (this.target === undefined) return this.why;
        choose();
        return `Choose what to send to ${shown(this.target)}.`;
      },
      get: (path) => this.fetchTyped(path),
      snapshot: () => {
        if (!this.#may('watch')) return 'Your word does not allow the picture to be seen.';
        this.snapshot();
        return 'A picture is being taken.';
      },
    };
  }

  snapshot(): void {
    this.transfers.add([new DownloadJob(this.#disk, 'snapshot.take', '', snapshotName(new Date()), undefined, undefined)]);
  }

  /** The file of an upload from before the page was loaded again was chosen. */
  provideAgain(transfer: Transfer, file: File): void {
    if (this.#provide(transfer, file)) this.say('');
    else this.say(`This is another file than ${shown(transfer.job.name)}, or it has changed since: send it anew.`);
  }

  /** Lets an upload from before go on by the file that the browser kept; to be called while a click is being handled. */
  async permit(transfer: Transfer): Promise<void> {
    const { job } = transfer;
    const handle = job instanceof UploadJob ? this.#handles.get(job) : undefined;
    const file = (await handle?.requestPermission?.({ mode: 'read' })) === 'granted' ? await fileOf(handle) : undefined;
    if (file) this.provideAgain(transfer, file);
    else this.say('The browser does not let this page read the file: choose it again.');
  }

  /** A person agreed that the file that is there is replaced. */
  overwrite(transfer: Transfer): void {
    if (transfer.job instanceof UploadJob) transfer.job.overwrite = true;
    this.transfers.go(transfer);
  }

  /** A sentence for a person. */
  say(sentence: string): void {
    this.notice = sentence;
    this.#changed();
  }

  remove(transfer: Transfer): void {
    if (transfer.job instanceof UploadJob) this.#forget(transfer.job);
    this.transfers.remove(transfer);
  }

  #upload({ path, file }: Picked, folder: string): UploadJob {
    const sent = { path: join(folder, path.join('/')), name: file.name, size: file.size, modifiedMs: file.lastModified };
    return this.#job(sent, file);
  }

  #job(sent: Sent, file: File | undefined): UploadJob {
    return new UploadJob(this.#disk, sent, file, () => this.#may('manage'));
  }

  /** Takes it off the list; what the device has of it stays. */
  #replace(transfer: Transfer): void {
    if (transfer.job instanceof UploadJob) this.#forget(transfer.job);
    this.transfers.replace(transfer);
  }

  #provide(transfer: Transfer, file: File): boolean {
    if (!(transfer.job instanceof UploadJob) || !transfer.job.provide(file)) return false;
    this.transfers.go(transfer);
    return true;
  }

  async #makeFolders(target: string, folders: readonly (readonly string[])[]): Promise<void> {
    try {
      for (const names of folders) await this.#link?.request('files.mkdir', { path: join(target, names.join('/')) });
    } catch (error) {
      this.say(error instanceof Error ? error.message : String(error));
    }
    if (folders.length > 0) this.#lookSoon();
  }

  async #keep(job: UploadJob, handle: FileSystemFileHandle | undefined): Promise<void> {
    const { path, name, size, modifiedMs, overwrite } = job;
    const key = await this.#kept.keep({ path, name, size, modifiedMs, overwrite, handle, place: this.#place });
    job.key = key;
    // It may be over before it is kept.
    const known = this.transfers.all.find((transfer) => transfer.job === job);
    if (!known || known.state.name === 'done') this.#forget(job);
  }

  #forget(job: UploadJob): void {
    if (job.key !== undefined) this.#kept.forget(job.key).catch(() => undefined);
    job.key = undefined;
  }

  /** Uploads that an earlier visit did not finish. */
  async #takeKept(place: string): Promise<void> {
    for (const kept of await this.#kept.take(place)) {
      if (this.#place !== place) return;
      const job = this.#job(kept, undefined);
      [job.key, job.overwrite] = [kept.key, kept.overwrite];
      const [transfer] = this.transfers.add([job], { name: 'absent', handle: kept.handle !== undefined });
      if (!transfer || !kept.handle) continue;
      this.#handles.set(job, kept.handle);
      const permission = await kept.handle.queryPermission?.({ mode: 'read' });
      const file = permission === 'granted' ? await fileOf(kept.handle) : undefined;
      if (file) this.provideAgain(transfer, file);
    }
  }

  #done({ job }: Transfer): void {
    this.heard = `${shown(job.name)} was ${job.direction === 'up' ? 'sent' : 'fetched'}.`;
    if (!(job instanceof UploadJob)) return;
    this.#forget(job);
    this.#lookSoon();
  }

  /** What the device refused is refused after a reload as well. */
  #failed({ job }: Transfer): void {
    if (job instanceof UploadJob && job.refused) this.#forget(job);
  }

  /** Many files may come one after the other. */
  #lookSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.folder.refresh(), LOOK_AFTER);
  }
}

/** Undefined where it is gone. */
async function fileOf(handle: FileSystemFileHandle | undefined): Promise<File | undefined> {
  try {
    return await handle?.getFile();
  } catch {
    return undefined;
  }
}
