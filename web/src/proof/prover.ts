import wasm from 'virtual:opaque.wasm';
import type { FromProver, ToProver } from './wire';

export interface Started {
  /** OPAQUE KE1, base64url. */
  ke1: string;
  /** Stretches the word and opens KE2. May be called once. */
  finish(ke2: string): Promise<Proof | 'wrong-word'>;
}

export interface Proof {
  /** OPAQUE KE3, base64url. */
  ke3: string;
  /** The device's public key, base64url: what a browser pins. */
  deviceKey: string;
  /** HKDF key, not extractable. */
  sessionKey: CryptoKey;
}

/** The page's end of the worker. One login at a time: a new one ends the one before. */
export class Prover {
  #worker: Worker | undefined;
  #count = 0;
  #waiting: { id: number; resolve: (answer: FromProver) => void; reject: (error: Error) => void } | undefined;

  /** Loads worker and WebAssembly, so that they are there when a word comes. */
  load(): void {
    if (this.#worker) return;
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'proof' });
    worker.onmessage = (event: MessageEvent<FromProver>) => this.#answer(event.data);
    worker.onerror = () => this.#broken();
    this.#worker = worker;
    compile()
      .then((module) => worker.postMessage({ op: 'load', module } satisfies ToProver))
      .catch(() => this.#broken());
  }

  /** Rejects when the worker cannot work (the browser has no WebAssembly, or could not load it). */
  async start(phrase: string): Promise<Started> {
    const id = ++this.#count;
    const answer = await this.#ask({ id, op: 'start', phrase });
    if (answer.op !== 'started') throw new Error(reason(answer));
    return { ke1: answer.ke1, finish: (ke2) => this.#finish(id, ke2) };
  }

  async #finish(id: number, ke2: string): Promise<Proof | 'wrong-word'> {
    const answer = await this.#ask({ id, op: 'finish', ke2 });
    if (answer.op === 'wrong-word') return answer.op;
    if (answer.op !== 'proved') throw new Error(reason(answer));
    return answer;
  }

  #ask(message: Exclude<ToProver, { op: 'load' }>): Promise<FromProver> {
    this.load();
    this.#waiting?.reject(new Error('another login began'));
    return new Promise((resolve, reject) => {
      this.#waiting = { id: message.id, resolve, reject };
      this.#worker?.postMessage(message);
    });
  }

  #answer(answer: FromProver): void {
    if (this.#waiting?.id !== answer.id) return;
    const { resolve } = this.#waiting;
    this.#waiting = undefined;
    resolve(answer);
  }

  /** A worker that could not be loaded is thrown away, so that the next login tries a new one. */
  #broken(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#waiting?.reject(new Error('the part of this page that checks the word could not be loaded'));
    this.#waiting = undefined;
  }
}

async function compile(): Promise<WebAssembly.Module> {
  const address = new URL(wasm, import.meta.url);
  try {
    return await WebAssembly.compileStreaming(fetch(address));
  } catch {
    // A server that does not know the type of the file: compiled when it is whole.
    return await WebAssembly.compile(await (await fetch(address)).arrayBuffer());
  }
}

function reason(answer: FromProver): string {
  return answer.op === 'failed' ? answer.message : 'the worker gave another answer than was asked for';
}
