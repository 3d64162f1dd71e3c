/** JSON-RPC 2.0 on the `control` data channel: one JSON object a message, both ways. */

/** Largest control message, bytes of UTF-8. */
const MAX_MESSAGE = 64 * 1024;
/** Requests that may wait for their answers; more are refused here. */
const MAX_PENDING = 64;

export interface ControlListener {
  open(): void;
  notified(method: string, params: unknown): void;
  closed(): void;
}

/** An answer that is an error: its sentence is for a person. */
export class RpcError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

interface Pending {
  resolve: (result: unknown) => void;
  reject: (error: Error) => void;
  timer: ReturnType<typeof setTimeout>;
}

export class Control {
  readonly #channel: RTCDataChannel;
  readonly #listener: ControlListener;
  readonly #pending = new Map<number, Pending>();
  #count = 0;

  constructor(channel: RTCDataChannel, listener: ControlListener) {
    this.#channel = channel;
    this.#listener = listener;
    channel.onopen = () => listener.open();
    channel.onclose = () => this.#closed();
    channel.onmessage = (event: MessageEvent<unknown>) => this.#receive(event.data);
  }

  get isOpen(): boolean {
    return this.#channel.readyState === 'open';
  }

  /** The result. Rejects with `RpcError`, or when no answer comes within `timeout` milliseconds. */
  request(method: string, params: object = {}, timeout = 10_000): Promise<unknown> {
    if (!this.isOpen || this.#pending.size >= MAX_PENDING) return Promise.reject(new Error('the device is not there'));
    const id = ++this.#count;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        reject(new Error('the device does not answer'));
      }, timeout);
      this.#pending.set(id, { resolve, reject, timer });
      this.#send({ jsonrpc: '2.0', id, method, params });
    });
  }

  #send(message: object): void {
    const text = JSON.stringify(message);
    if (this.isOpen && text.length <= MAX_MESSAGE) this.#channel.send(text);
  }

  /** What is no JSON-RPC is passed over: the device is proved, and its next message may be sound. */
  #receive(data: unknown): void {
    if (typeof data !== 'string' || data.length > MAX_MESSAGE) return;
    let message: unknown;
    try {
      message = JSON.parse(data);
    } catch {
      return;
    }
    if (!isObject(message)) return;
    const { id, method } = message;
    if (typeof method !== 'string') this.#answered(message);
    else if (id === undefined) this.#listener.notified(method, message.params);
    else this.#asked(id, method);
  }

  #answered(message: Record<string, unknown>): void {
    const id = message.id;
    const pending = typeof id === 'number' ? this.#pending.get(id) : undefined;
    if (!pending || typeof id !== 'number') return;
    this.#pending.delete(id);
    clearTimeout(pending.timer);
    const error = message.error;
    if (!isObject(error)) pending.resolve(message.result);
    else pending.reject(new RpcError(Number(error.code), String(error.message)));
  }

  #asked(id: unknown, method: string): void {
    if (method === 'ping') this.#send({ jsonrpc: '2.0', id, result: {} });
    else this.#send({ jsonrpc: '2.0', id, error: { code: -32601, message: 'This page has no such method.' } });
  }

  #closed(): void {
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer);
      reject(new Error('the connection to the device was closed'));
    }
    this.#pending.clear();
    this.#listener.closed();
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
