/** One attempt to fetch a file, or the rest of it. */

import { Window } from './credit';
import type { Target } from './disk';
import { readGetReady, STEP, type GetReady, type Link, type TransferMessage } from './wire';
import { GIVEN_UP, NOT_ANNOUNCED, WireChannel } from './wire-channel';

/** A file of the device's: what it is asked by, and what is known of it. */
export interface Wanted {
  method: 'files.get' | 'snapshot.take';
  /** Empty for a snapshot. */
  path: string;
  /** Bytes that are put away already. */
  have: number;
  /** Changes when the file does; empty: not known yet. */
  version: string;
}

/** The file is another one now: what is here of it is of no use. */
export class Changed extends Error {
  constructor() {
    super('The file has changed on the device: fetch it again.');
  }
}

const ANSWER_WITHIN = 30_000;

export class Download {
  readonly #link: Link;
  readonly #wanted: Wanted;
  readonly #target: (size: number) => Promise<Target>;
  #channel: WireChannel | undefined;
  /** Bytes that came twice, and are passed over. */
  #skip = 0;
  #stopped = false;
  #flowing = false;
  #writing: Promise<void> = Promise.resolve();
  /** Put away, from the beginning of the file. */
  #have: number;
  size: number | undefined;
  version: string;

  /** `target` is asked for when the size is known: it may be too much for the place. */
  constructor(link: Link, wanted: Wanted, target: (size: number) => Promise<Target>) {
    this.#link = link;
    this.#wanted = wanted;
    this.#target = target;
    this.#have = wanted.have;
    this.version = wanted.version;
  }

  get moved(): number {
    return this.#have;
  }

  /** Its channel was opened, and is not closed. */
  get flowing(): boolean {
    return this.#flowing;
  }

  get hasMoved(): boolean {
    return this.#have > this.#wanted.have;
  }

  /** Resolves when every byte was put away and the hash is that of the device's file. `commit` makes it last. */
  async run(commit: () => Promise<void>): Promise<void> {
    const ready = await this.#begin();
    const target = await this.#target(ready.size);
    if (this.#stopped) throw new Error(GIVEN_UP.message);
    let end: (hash: string) => void = () => undefined;
    const ended = new Promise<string>((resolve) => (end = resolve));
    const window = new Window(ready.size, ready.offset);
    const channel = new WireChannel(this.#link, ready.transfer, (message) => {
      if (message instanceof ArrayBuffer) this.#take(message, channel, window, target);
      else if (message.type === 'end') end(message.hash);
    });
    this.#channel = channel;
    try {
      await channel.open();
      this.#flowing = true;
      this.#sayCredit(channel, window);
      await this.#check(await channel.until(ended), ready, channel, window, target);
      await commit();
      channel.say({ type: 'done' });
    } finally {
      this.#flowing = false;
      channel.close();
      // What came is put away, whatever became of the channel: the next attempt goes on behind it.
      await this.#writing.catch(() => undefined);
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#channel?.close();
  }

  giveUp(): void {
    this.#stopped = true;
    this.#channel?.giveUp();
  }

  async #begin(): Promise<GetReady> {
    const { method, path, have, version } = this.#wanted;
    const offset = have - (have % STEP);
    const params = method === 'files.get' ? { path, offset, version } : {};
    const ready = readGetReady(await this.#link.request(method, params, ANSWER_WITHIN));
    if (have > 0 && (ready.version !== version || ready.offset > have)) throw new Changed();
    this.#skip = have - ready.offset;
    [this.size, this.version] = [ready.size, ready.version];
    return ready;
  }

  #take(bytes: ArrayBuffer, channel: WireChannel, window: Window, target: Target): void {
    if (!window.took(bytes.byteLength)) {
      channel.say(NOT_ANNOUNCED);
      throw new Error(NOT_ANNOUNCED.message);
    }
    const count = bytes.byteLength;
    const skip = Math.min(this.#skip, count);
    this.#skip -= skip;
    const fresh = skip === 0 ? bytes : bytes.slice(skip);
    const length = fresh.byteLength;
    const written = length === 0 ? Promise.resolve() : target.write(fresh);
    this.#writing = Promise.all([this.#writing, written]).then(() => {
      this.#have += length;
      window.putAway(count);
      this.#sayCredit(channel, window);
    });
    this.#writing.catch((error: unknown) => {
      this.#tell(channel, GIVEN_UP);
      channel.close(error instanceof Error ? error : new Error(String(error)));
    });
  }

  #sayCredit(channel: WireChannel, window: Window): void {
    const until = window.next();
    if (until !== undefined && !this.#stopped) this.#tell(channel, { type: 'credit', until });
  }

  #tell(channel: WireChannel | undefined, message: TransferMessage): void {
    try {
      channel?.say(message);
    } catch {
      // It has ended, and whoever waits for it is told so.
    }
  }

  async #check(hash: string, ready: GetReady, channel: WireChannel, window: Window, target: Target): Promise<void> {
    await channel.until(this.#writing);
    const whole = window.came === ready.size && this.#have === ready.size;
    if (whole && (await target.digest()) === hash.toLowerCase()) return;
    channel.say(NOT_ANNOUNCED);
    throw new Error('What came is not the file that the device has: fetch it again.');
  }
}
