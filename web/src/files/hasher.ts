/** BLAKE3 of a file that is read in pieces. */

import { createBLAKE3 } from 'hash-wasm';
import { STEP } from './wire';

export type Hasher = Awaited<ReturnType<typeof createBLAKE3>>;

export async function newHasher(): Promise<Hasher> {
  return (await createBLAKE3()).init();
}

/**
 * Reads a file in any order and hashes it in its own. What is read in order is hashed at once; after a jump ahead (an
 * upload that goes on) the part before it is read and hashed beside, until it has caught up.
 */
export class HashedFile {
  readonly #file: Blob;
  readonly #hasher: Promise<Hasher> = newHasher();
  #hashed = 0;
  /** How far it is to be hashed. */
  #wanted = 0;
  #digest: string | undefined;
  #catchingUp: Promise<void> | undefined;
  #forgotten = false;

  constructor(file: Blob) {
    this.#file = file;
  }

  /** Bytes from `from` to the next multiple of a step, or to the end. Rejects when the file changed or went. */
  async read(from: number): Promise<ArrayBuffer> {
    const bytes = await this.#slice(from);
    this.#wanted = Math.max(this.#wanted, from + bytes.byteLength);
    if (from === this.#hashed && !this.#catchingUp) await this.#take(bytes);
    else this.#catchUp().catch(() => undefined);
    return bytes;
  }

  /** BLAKE3 of the step before `offset`. */
  async tail(offset: number): Promise<string> {
    const bytes = await this.#file.slice(Math.max(0, offset - STEP), offset).arrayBuffer();
    return (await newHasher()).update(new Uint8Array(bytes)).digest();
  }

  /** BLAKE3 of the whole file. */
  async hash(): Promise<string> {
    this.#wanted = this.#file.size;
    await this.#catchUp();
    return (this.#digest ??= (await this.#hasher).digest());
  }

  forget(): void {
    this.#forgotten = true;
  }

  /** One at a time; what fails here fails again when the hash is asked for. */
  async #catchUp(): Promise<void> {
    this.#catchingUp ??= this.#readOn();
    await this.#catchingUp;
  }

  async #readOn(): Promise<void> {
    // Its end is never before its promise is kept.
    await this.#hasher;
    try {
      while (this.#hashed < this.#wanted && !this.#forgotten) await this.#take(await this.#slice(this.#hashed));
    } finally {
      this.#catchingUp = undefined;
    }
  }

  async #take(bytes: ArrayBuffer): Promise<void> {
    this.#hashed += bytes.byteLength;
    (await this.#hasher).update(new Uint8Array(bytes));
  }

  async #slice(from: number): Promise<ArrayBuffer> {
    const to = Math.min(this.#file.size, from - (from % STEP) + STEP);
    const bytes = await this.#file.slice(from, to).arrayBuffer();
    if (bytes.byteLength !== to - from) throw new Error('The file is shorter now.');
    return bytes;
  }
}
