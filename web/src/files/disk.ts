/** The page's end of the worker of files. */

import type { Answers, Ask, FromDisk, Place, ToDisk } from './disk-wire';

/** A file that is sent. */
export interface Source {
  /** BLAKE3 of the step before the offset, hexadecimal. */
  tail(offset: number): Promise<string>;
  /** Bytes from `from` to the next multiple of a step, or to the end. */
  read(from: number): Promise<ArrayBuffer>;
  /** BLAKE3 of all of it, hexadecimal. */
  hash(): Promise<string>;
}

/** A file that is fetched. */
export interface Target {
  write(bytes: ArrayBuffer): Promise<void>;
  /** BLAKE3 of all that was written, hexadecimal; nothing may be written after it. */
  digest(): Promise<string>;
}

interface Pending {
  resolve: (result: unknown) => void;
  reject: (error: Error) => void;
}

/** Begins with the first file. Everything rejects with a sentence for a person. */
export class Disk {
  #worker: Worker | undefined;
  #calls = 0;
  #files = 0;
  readonly #pending = new Map<number, Pending>();

  /** A number for one more file. */
  next(): number {
    return ++this.#files;
  }

  async readFrom(id: number, file: File): Promise<Source> {
    await this.#ask({ op: 'read-from', id, file });
    return {
      tail: (offset) => this.#ask({ op: 'tail', id, offset }),
      read: (from) => this.#ask({ op: 'read', id, from }),
      hash: () => this.#ask({ op: 'hash', id }),
    };
  }

  async writeTo(id: number, place: Place): Promise<Target> {
    await this.#ask({ op: 'write-to', id, place }, place.to === 'stream' ? [place.port] : []);
    return {
      write: (bytes) => this.#ask({ op: 'write', id, bytes }, [bytes]),
      digest: () => this.#ask({ op: 'digest', id }),
    };
  }

  /** The whole, where it is not where a person wanted it already. */
  finish(id: number): Promise<Blob | undefined> {
    return this.#ask({ op: 'finish', id });
  }

  /** Lets go of a file; what was written of it and not finished is removed. */
  forget(id: number): void {
    if (this.#worker) this.#ask({ op: 'forget', id }).catch(() => undefined);
  }

  #ask<A extends Ask>(ask: A, transfer: Transferable[] = []): Promise<Answers[A['op']]> {
    const worker = (this.#worker ??= this.#begin());
    const call = ++this.#calls;
    return new Promise<Answers[A['op']]>((resolve, reject) => {
      this.#pending.set(call, { resolve: resolve as (result: unknown) => void, reject });
      worker.postMessage({ ...ask, call } satisfies ToDisk, transfer);
    });
  }

  #begin(): Worker {
    const worker = new Worker(new URL('./disk-thread.ts', import.meta.url), { type: 'module', name: 'files' });
    worker.onmessage = ({ data }: MessageEvent<FromDisk>) => {
      const pending = this.#pending.get(data.call);
      this.#pending.delete(data.call);
      if ('error' in data) pending?.reject(new Error(data.error));
      else pending?.resolve(data.result);
    };
    // One that could not be loaded is thrown away, so that the next file tries a new one.
    worker.onerror = () => {
      worker.terminate();
      this.#worker = undefined;
      for (const { reject } of this.#pending.values()) {
        reject(new Error('The part of this page that reads and writes files could not be loaded.'));
      }
      this.#pending.clear();
    };
    return worker;
  }
}
