import type { LineListener } from './line';
import { decodeFromServer, type FromServer, type Welcome } from './messages';

/** Messages that may wait for a listener; a line on which more come is closed. */
const WAITING = 64;

/**
 * The receiving half that every kind of line shares: the `welcome` first, then messages, kept until somebody listens.
 * What is not of this wire ends the line: a server that speaks another language is of no use.
 */
export class Inbox {
  readonly welcome: Promise<Welcome>;
  #welcomed!: (welcome: Welcome) => void;
  #failed!: (error: Error) => void;
  #first = true;
  #ended = false;
  #waiting: FromServer[] = [];
  #listener: LineListener | undefined;
  readonly #hangUp: () => void;

  /** `hangUp` closes the transport below; it is called once. */
  constructor(hangUp: () => void) {
    this.#hangUp = hangUp;
    this.welcome = new Promise((resolve, reject) => {
      this.#welcomed = resolve;
      this.#failed = reject;
    });
    // Whoever waits for the welcome hears of the failure; nobody has to.
    this.welcome.catch(() => undefined);
  }

  get ended(): boolean {
    return this.#ended;
  }

  listen(listener: LineListener): void {
    this.#listener = listener;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const message of waiting) listener.message(message);
    if (this.#ended) listener.closed();
  }

  receive(data: unknown): void {
    if (this.#ended) return;
    let message: FromServer;
    try {
      if (typeof data !== 'string') throw new Error('the server sent something else than text');
      message = decodeFromServer(data);
    } catch (error) {
      this.end(error instanceof Error ? error.message : 'the server sent something unreadable');
      return;
    }
    this.#deliver(message);
  }

  /** The transport is gone, or shall be. */
  end(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#hangUp();
    this.#failed(new Error(reason));
    this.#listener?.closed();
  }

  /** The owner has done with it: nothing is said any more. */
  close(): void {
    this.#listener = undefined;
    this.#waiting = [];
    this.end('closed by this page');
  }

  #deliver(message: FromServer): void {
    if (message.type === 'welcome') {
      if (!this.#first) return;
      this.#first = false;
      this.#welcomed(message);
    } else if (this.#first && message.type === 'refused') {
      this.end(message.message);
    } else if (this.#listener) {
      this.#listener.message(message);
    } else if (this.#waiting.length < WAITING) {
      this.#waiting.push(message);
    } else {
      this.end('the server sent more than was asked for');
    }
  }
}
