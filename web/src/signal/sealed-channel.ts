/** What viewer and device say to each other through the rendezvous, once the word is proved. */

import type { Opener, Sealer } from '../seal/seal';
import { decode, encode } from './base64url';
import { decodeSealed, type Sealed } from './sealed';

/** A message was altered, lost, repeated or moved on its way. */
export class Forged extends Error {}

/** Both ways in order: either end counts, so messages are sealed, sent and opened one after the other. */
export class SealedChannel {
  readonly #sealer: Sealer;
  readonly #opener: Opener;
  #sending: Promise<void> = Promise.resolve();
  #receiving: Promise<void> = Promise.resolve();

  constructor([sealer, opener]: [Sealer, Opener]) {
    this.#sealer = sealer;
    this.#opener = opener;
  }

  /** Seals a message and gives it to `leave` (base64url) when those before it have left. */
  send(message: Sealed, leave: (sealed: string) => void): Promise<void> {
    const sealing = this.#sealer.seal(JSON.stringify(message));
    this.#sending = this.#sending.then(async () => leave(encode(await sealing)));
    return this.#sending;
  }

  /**
   * Opens a message and gives it to `take` when those before it have been taken. Rejects as `take` does, and with `Forged`
   * as soon as that is known: what those before it still wait for (a connection, say) must not come first.
   */
  async receive(sealed: string, take: (message: Sealed) => Promise<void>): Promise<void> {
    const before = this.#receiving;
    const opened = this.#open(sealed);
    this.#receiving = Promise.all([opened, before]).then(([text]) => take(decodeSealed(text)));
    await this.#receiving;
  }

  async #open(sealed: string): Promise<string> {
    try {
      return await this.#opener.open(decode(sealed));
    } catch (error) {
      throw new Forged('a sealed message does not open', { cause: error });
    }
  }
}
