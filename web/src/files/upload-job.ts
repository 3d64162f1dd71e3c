/** A file on its way to the device, over as many attempts as it takes. */

import type { Disk, Source } from './disk';
import type { Job } from './job';
import type { Event } from './state';
import { abandon, judge, Upload, type Wish } from './upload';
import type { Link } from './wire';

export interface Sent {
  /** On the device. */
  path: string;
  name: string;
  size: number;
  /** Milliseconds since the epoch. */
  modifiedMs: number;
}

export class UploadJob implements Job {
  readonly direction = 'up';
  readonly name: string;
  readonly path: string;
  readonly size: number;
  readonly modifiedMs: number;
  readonly note = '';
  /** A person agreed to it. */
  overwrite = false;
  /** The last attempt ended for good. */
  refused = false;
  /** By which it is known after a reload. */
  key: number | undefined;
  /** Whether a person may be asked to have a file replaced. */
  readonly #mayReplace: () => boolean;
  readonly #disk: Disk;
  readonly #id: number;
  #file: File | undefined;
  #source: Source | undefined;
  #attempt: Upload | undefined;
  #begun = false;
  #moved = 0;

  constructor(disk: Disk, { path, name, size, modifiedMs }: Sent, file: File | undefined, mayReplace: () => boolean) {
    this.#disk = disk;
    this.#id = disk.next();
    [this.path, this.name, this.size, this.modifiedMs] = [path, name, size, modifiedMs];
    this.#file = file;
    // What is known from an earlier visit may have left something with the device.
    this.#begun = file === undefined;
    this.#mayReplace = mayReplace;
  }

  get moved(): number {
    // Until the device has said where to go on, it is as far as the attempt before came.
    if (this.#attempt?.flowing === true) this.#moved = this.#attempt.moved;
    return this.#moved;
  }

  get flowing(): boolean {
    return this.#attempt?.flowing === true;
  }

  /** The file was chosen again; false: it is another one. */
  provide(file: File): boolean {
    if (file.name !== this.name || file.size !== this.size || file.lastModified !== this.modifiedMs) return false;
    this.#file = file;
    return true;
  }

  async run(link: Link, fresh: boolean): Promise<void> {
    if (!this.#file) throw new Error('Choose the file again.');
    this.#begun = true;
    this.#source ??= await this.#disk.readFrom(this.#id, this.#file);
    this.#attempt = new Upload(link, this.#wish(!fresh), this.#source);
    await this.#attempt.run();
    this.#disk.forget(this.#id);
  }

  stop(): void {
    this.#attempt?.stop();
  }

  judge(error: unknown, tries: number): Event {
    const message = sentence(error);
    this.refused = false;
    switch (judge(error, tries > 0 || this.#attempt?.hasMoved === true)) {
      case 'again':
        return { type: 'trouble', message, moved: this.#attempt?.hasMoved === true };
      case 'exists':
        return { type: 'exists', message, ask: this.#mayReplace() };
      case 'from-the-beginning':
        return { type: 'failed', message, fresh: true };
      case 'never':
        // A file that changed is read anew by the next attempt, and fails again unless it is chosen again.
        this.#forget();
        this.refused = true;
        return { type: 'failed', message, fresh: false };
    }
  }

  drop(link: Link | undefined, running: boolean): void {
    this.#forget();
    if (running) this.#attempt?.giveUp();
    // Nobody waits for it: should it fail, the device removes it after some days.
    else if (link && this.#begun) abandon(link, this.#wish(true)).catch(() => undefined);
  }

  #forget(): void {
    this.#disk.forget(this.#id);
    this.#source = undefined;
  }

  #wish(resume: boolean): Wish {
    const { path, size, modifiedMs, overwrite } = this;
    return { path, size, modifiedMs, overwrite, resume };
  }
}

/** An error as a person reads it: the device's and this page's are sentences, the browser's are not. */
export function sentence(error: unknown): string {
  if (error instanceof DOMException || !(error instanceof Error)) {
    return 'The browser cannot read this file any more: it was changed, moved or removed.';
  }
  return error.message;
}
