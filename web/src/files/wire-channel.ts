/** The data channel of one transfer. */

import { RpcError } from '../session/control';
import { CODE, readMessage, type Link, type TransferMessage } from './wire';

/** Bytes that the browser may hold of what is to be sent, and below which it gets more. */
const HIGH = 1 << 20;
const LOW = 512 << 10;

/** The device waits for a channel for 30 s; one that is not open by then never will be, milliseconds. */
const OPENED_WITHIN = 30_000;
/** The device answers that it has given a transfer up, milliseconds. */
const ABANDONED_WITHIN = 5_000;

/** The channel, or the session under it, ended before the transfer did: it can go on later. */
export class Broken extends Error {
  constructor(message = 'The connection broke.') {
    super(message);
  }
}

/** Everything that was under way at the channel rejects when it ends, with the device's own error where it said one. */
export class WireChannel {
  readonly #channel: RTCDataChannel;
  /** Why it ended. */
  #over: Error | undefined;
  /** Those that wait for something, and are told when it ends. */
  readonly #waiting = new Set<(error: Error) => void>();
  #drained: (() => void) | undefined;
  readonly #opened: Promise<void>;

  /** `take` gets the messages; what it throws, or rejects with, ends the channel. */
  constructor(link: Link, transfer: string, take: (message: TransferMessage | ArrayBuffer) => void) {
    const channel = openOn(link, `transfer/${transfer}`);
    this.#channel = channel;
    channel.binaryType = 'arraybuffer';
    channel.bufferedAmountLowThreshold = LOW;
    channel.onbufferedamountlow = () => this.#drained?.();
    this.#opened = new Promise((resolve) => (channel.onopen = () => resolve()));
    channel.onclose = () => this.#end(new Broken());
    channel.onerror = () => this.#end(new Broken());
    channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      try {
        this.#take(data, take);
      } catch (error) {
        this.#end(error instanceof Error ? error : new Broken());
      }
    };
  }

  /** Bytes that have not left yet. */
  get held(): number {
    return this.#channel.bufferedAmount;
  }

  /** Rejects with `Broken` when it does not open in time. */
  async open(): Promise<void> {
    const timer = setTimeout(() => this.close(), OPENED_WITHIN);
    await this.until(this.#opened).finally(() => clearTimeout(timer));
  }

  /**
   * `work`, unless the channel ends before. No `Promise.race` with the end: that would keep what each piece of work came
   * to, which is the whole file in the end.
   */
  until<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#over) {
        work.catch(() => undefined);
        reject(this.#over);
        return;
      }
      this.#waiting.add(reject);
      work.then(resolve, reject).finally(() => this.#waiting.delete(reject));
    });
  }

  /** Gives the transfer up, and says so where it can be said; else what the device has of it goes with time. */
  giveUp(): void {
    if (this.#channel.readyState === 'open') this.say(GIVEN_UP);
    this.close();
  }

  /** Gives the transfer up, and waits for the device to have done so: only then the same may begin anew. */
  async abandon(): Promise<void> {
    await this.open();
    this.say(GIVEN_UP);
    // However it ends: nothing more is wanted of it.
    await this.until(new Promise((resolve) => setTimeout(resolve, ABANDONED_WITHIN))).catch(() => undefined);
    this.close();
  }

  say(message: TransferMessage): void {
    this.#send(JSON.stringify(message));
  }

  /** Sends when there is room for it. */
  async send(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    if (this.held >= HIGH) await this.until(new Promise<void>((resolve) => (this.#drained = resolve)));
    this.#send(bytes);
  }

  /** What has been sent still leaves. */
  close(error: Error = new Broken()): void {
    this.#end(error);
    this.#channel.close();
  }

  #end(error: Error): void {
    if (this.#over) return;
    this.#over = error;
    for (const reject of this.#waiting) reject(error);
    this.#waiting.clear();
  }

  #send(data: string | Uint8Array<ArrayBuffer>): void {
    if (this.#channel.readyState !== 'open') throw new Broken();
    if (typeof data === 'string') this.#channel.send(data);
    else this.#channel.send(data);
  }

  #take(data: unknown, take: (message: TransferMessage | ArrayBuffer) => void): void {
    if (data instanceof ArrayBuffer) {
      take(data);
      return;
    }
    const message = typeof data === 'string' ? readMessage(data) : undefined;
    // What a later version says beside these is not needed.
    if (!message) return;
    if (message.type === 'failed') this.#end(new RpcError(message.code, message.message));
    else take(message);
  }
}

function openOn(link: Link, label: string): RTCDataChannel {
  try {
    return link.open(label);
  } catch {
    throw new Broken();
  }
}

/** What a receiver says of bytes that are none of what it expects. */
export const NOT_ANNOUNCED = { type: 'failed', code: CODE.mismatch, message: 'What came is not what was announced.' } as const;
/** A person does not want it any more. */
export const GIVEN_UP = { type: 'failed', code: CODE.unavailable, message: 'It was given up.' } as const;
