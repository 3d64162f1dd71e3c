/** One attempt to send a file: from where the device has it to its end. */

import { RpcError } from '../session/control';
import { Credit } from './credit';
import type { Source } from './disk';
import { CODE, MAX_CHUNK, readPutReady, type Link, type PutReady } from './wire';
import { Broken, WireChannel } from './wire-channel';

export interface Wish {
  path: string;
  size: number;
  modifiedMs: number;
  overwrite: boolean;
  /** Go on with what the device has of it. */
  resume: boolean;
}

/** The device may have to look at much of its disk before it answers, milliseconds. */
const ANSWER_WITHIN = 60_000;

export class Upload {
  readonly #link: Link;
  readonly #wish: Wish;
  readonly #source: Source;
  #channel: WireChannel | undefined;
  #stopped: Error | undefined;
  #sent = 0;
  #from = 0;
  #flowing = false;

  constructor(link: Link, wish: Wish, source: Source) {
    this.#link = link;
    this.#wish = wish;
    this.#source = source;
  }

  /** Bytes that have left, from the beginning of the file. */
  get moved(): number {
    return Math.max(this.#from, this.#sent - (this.#channel?.held ?? 0));
  }

  /** Its channel was opened, and is not closed. */
  get flowing(): boolean {
    return this.#flowing;
  }

  /** Whether this attempt moved any. */
  get hasMoved(): boolean {
    return this.moved > this.#from;
  }

  /** Resolves when the device has the whole file under its name. Rejects with `Broken`, `RpcError`, or a sentence. */
  async run(): Promise<void> {
    if (this.#wish.resume && (await this.#goOn())) return;
    await this.#send(await this.#begin(false));
  }

  /** Goes on with what the device has. False: it is of another file, and no longer there. */
  async #goOn(): Promise<boolean> {
    const ready = await this.#begin(true);
    if (ready.offset > 0 && ready.before !== '' && ready.before !== (await this.#source.tail(ready.offset))) {
      await new WireChannel(this.#link, ready.transfer, () => undefined).abandon();
      return false;
    }
    try {
      await this.#send(ready);
      return true;
    } catch (error) {
      if (error instanceof RpcError && error.code === CODE.mismatch) return false;
      throw error;
    }
  }

  /** What was sent stays with the device for a later attempt. */
  stop(): void {
    this.#stopped = new Broken();
    this.#channel?.close();
  }

  /** The device removes what it has of it. */
  giveUp(): void {
    this.#stopped = new Broken();
    this.#channel?.giveUp();
  }

  async #begin(resume: boolean): Promise<PutReady> {
    const { path, size, modifiedMs, overwrite } = this.#wish;
    const wish = { path, size, modified_ms: modifiedMs, overwrite, resume };
    const answer = await this.#link.request('files.put', wish, ANSWER_WITHIN);
    const ready = readPutReady(answer, size);
    if (this.#stopped) throw this.#stopped;
    return ready;
  }

  async #send({ transfer, offset }: PutReady): Promise<void> {
    if (this.#stopped) throw this.#stopped;
    const credit = new Credit(offset);
    let done: () => void = () => undefined;
    const finished = new Promise<void>((resolve) => (done = resolve));
    const channel = new WireChannel(this.#link, transfer, (message) => {
      if (message instanceof ArrayBuffer) return;
      if (message.type === 'credit') credit.give(message.until);
      if (message.type === 'done') done();
    });
    this.#channel = channel;
    [this.#from, this.#sent] = [offset, offset];
    try {
      await channel.open();
      this.#flowing = true;
      await this.#sendBytes(channel, credit, offset);
      channel.say({ type: 'end', hash: await channel.until(this.#source.hash()) });
      await channel.until(finished);
    } finally {
      this.#flowing = false;
      channel.close();
    }
  }

  /** The next piece is read while one is sent. */
  async #sendBytes(channel: WireChannel, credit: Credit, offset: number): Promise<void> {
    const { size } = this.#wish;
    let next = offset < size ? this.#source.read(offset) : undefined;
    while (next) {
      const piece: Uint8Array<ArrayBuffer> = new Uint8Array(await channel.until(next));
      const after: number = this.#sent + piece.length;
      next = after < size ? this.#source.read(after) : undefined;
      // Should the channel end first, nobody waits for it any more.
      next?.catch(() => undefined);
      for (let at = 0; at < piece.length; ) {
        const allowed = await channel.until(credit.take(this.#sent, Math.min(MAX_CHUNK, piece.length - at)));
        await channel.send(piece.subarray(at, at + allowed));
        at += allowed;
        this.#sent += allowed;
      }
    }
  }
}

/** Has the device remove what it has of an upload that is not running. */
export async function abandon(link: Link, wish: Wish): Promise<void> {
  const answer = await link.request('files.put', {
    path: wish.path, size: wish.size, modified_ms: wish.modifiedMs, overwrite: wish.overwrite, resume: true,
  });
  await new WireChannel(link, readPutReady(answer, wish.size).transfer, () => undefined).abandon();
}

/** What to make of an attempt that came to nothing. */
export type Verdict = 'again' | 'exists' | 'from-the-beginning' | 'never';

/** `resumed`: the attempt followed one that broke off, which the device may not have noticed yet. */
export function judge(error: unknown, resumed: boolean): Verdict {
  if (error instanceof Broken) return 'again';
  if (!(error instanceof RpcError)) return 'never';
  switch (error.code) {
    case CODE.exists:
      return 'exists';
    case CODE.tooFast:
      return 'again';
    case CODE.unavailable:
      return resumed ? 'again' : 'never';
    case CODE.mismatch:
      return 'from-the-beginning';
    default:
      return 'never';
  }
}
