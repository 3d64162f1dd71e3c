/** A file on its way from the device, over as many attempts as it takes. */

import { RpcError } from '../session/control';
import type { Disk, Target } from './disk';
import { Changed, Download, type Wanted } from './download';
import type { Job } from './job';
import { openPlace, type Opened } from './places';
import type { Event } from './state';
import { CODE, type Link } from './wire';
import { Broken } from './wire-channel';

const IN_MEMORY = 'This browser keeps it in memory until it is whole.';

export class DownloadJob implements Job {
  readonly direction = 'down';
  readonly name: string;
  readonly path: string;
  size: number | undefined;
  readonly #method: Wanted['method'];
  readonly #disk: Disk;
  readonly #chosen: FileSystemFileHandle | undefined;
  #id: number;
  #opened: Opened | undefined;
  #attempt: Download | undefined;

  /** `chosen`: the file that a person wants it written to, where the browser could ask. */
  constructor(
    disk: Disk, method: Wanted['method'], path: string, name: string, size: number | undefined,
    chosen: FileSystemFileHandle | undefined,
  ) {
    this.#disk = disk;
    this.#id = disk.next();
    this.#method = method;
    [this.path, this.name, this.size, this.#chosen] = [path, name, size, chosen];
  }

  get moved(): number {
    return this.#attempt?.moved ?? 0;
  }

  get flowing(): boolean {
    return this.#attempt?.flowing === true;
  }

  get note(): string {
    return this.#opened?.inMemory === true ? IN_MEMORY : '';
  }

  async run(link: Link, fresh: boolean): Promise<void> {
    if (fresh) this.#forget();
    // A picture is another one each time.
    if (this.#method === 'snapshot.take') this.#forget();
    const { moved: have = 0, version = '' } = this.#attempt ?? {};
    const wanted = { method: this.#method, path: this.path, have, version };
    this.#attempt = new Download(link, wanted, (size) => this.#place(size));
    await this.#attempt.run(async () => this.#opened?.finish());
    this.#opened?.close();
    this.#disk.forget(this.#id);
  }

  stop(): void {
    this.#attempt?.stop();
  }

  judge(error: unknown, tries: number): Event {
    const message = error instanceof Error ? error.message : String(error);
    const moved = this.#attempt?.hasMoved === true;
    if (error instanceof Broken) return { type: 'trouble', message, moved };
    const code = error instanceof RpcError ? error.code : undefined;
    if (code === CODE.tooFast || (code === CODE.unavailable && tries > 0)) return { type: 'trouble', message, moved };
    this.#forget();
    return { type: 'failed', message: error instanceof Changed || message !== '' ? message : 'It came to nothing.', fresh: true };
  }

  drop(_link: Link | undefined, running: boolean): void {
    if (running) this.#attempt?.giveUp();
    this.#forget();
  }

  async #place(size: number): Promise<Target> {
    this.size = size;
    this.#opened ??= await openPlace(this.#disk, this.#id, this.name, size, this.#chosen);
    return this.#opened.target;
  }

  /** What is here of it is removed; a next attempt begins with nothing. */
  #forget(): void {
    this.#opened?.close();
    this.#disk.forget(this.#id);
    this.#id = this.#disk.next();
    this.#opened = undefined;
    this.#attempt = undefined;
  }
}
