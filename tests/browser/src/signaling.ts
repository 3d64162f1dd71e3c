/** A viewer without a browser: it speaks the signaling wire as it should, or as it should not. */

import { client, ready } from '@serenity-kit/opaque';
import { WebSocket, type RawData } from 'ws';
import { channel, type Opener, type Sealer } from '../../../web/src/seal/seal';
import { decode, encode } from '../../../web/src/signal/base64url';
import { once, sleep } from './child';

/** A message of the server's; fields by name. */
export type Message = Record<string, unknown> & { type: string };

/** A socket at `/ws`, as whoever. */
export class Line {
  readonly heard: Message[] = [];
  readonly socket: WebSocket;
  /** What the server calls this socket. */
  handle = '';
  /** The code with which the socket was closed, once it is. */
  readonly closed: Promise<number>;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    this.closed = once(socket, 'close').then(([code]) => code as number);
    socket.on('message', (data: RawData) => this.heard.push(JSON.parse(text(data)) as Message));
    socket.on('error', () => undefined); // `close` follows, and says so
  }

  static async open(url: string): Promise<Line> {
    const address = url.replace(/^http/, 'ws');
    // The device made its certificate itself; what this client sends is for tests only.
    const line = new Line(new WebSocket(`${address}ws`, { rejectUnauthorized: false }));
    line.handle = String((await line.next('welcome')).handle);
    return line;
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** Takes the next message of this type out of what was heard; waits for it. */
  async next(type: string, within = 5_000): Promise<Message> {
    const deadline = Date.now() + within;
    for (;;) {
      const index = this.heard.findIndex((message) => message.type === type);
      const found = this.heard[index];
      if (found) {
        this.heard.splice(index, 1);
        return found;
      }
      if (Date.now() > deadline) throw new Error(`no ${type} came, but ${JSON.stringify(this.heard)}`);
      await sleep(5);
    }
  }

  close(): void {
    this.socket.close();
  }
}

/** A session proved, with its keys, and nothing said yet: the first sealed message goes with `prove`. */
export class ProvedSession {
  readonly line: Line;
  readonly session: string;
  readonly #ke3: string;
  readonly #sealer: Sealer;
  readonly #opener: Opener;

  private constructor(line: Line, session: string, ke3: string, [sealer, opener]: [Sealer, Opener]) {
    this.line = line;
    this.session = session;
    this.#ke3 = ke3;
    this.#sealer = sealer;
    this.#opener = opener;
  }

  static async begin(url: string, word: string): Promise<ProvedSession> {
    await ready;
    const line = await Line.open(url);
    const place = word.split('-', 1)[0] ?? '';
    const { clientLoginState, startLoginRequest } = client.startLogin({ password: word });
    line.send({ type: 'knock', v: 1, place, ke1: startLoginRequest });
    const { session, device, ke2 } = (await line.next('reply')) as unknown as { session: string; device: string; ke2: string };
    const proof = client.finishLogin({ clientLoginState, loginResponse: ke2, password: word, keyStretching: 'memory-constrained' });
    if (!proof) throw new Error('the word was not taken');
    const key = await crypto.subtle.importKey('raw', decode(proof.sessionKey), 'HKDF', false, ['deriveKey']);
    const keys = await channel(key, { place, viewer: line.handle, device, session }, 'viewer');
    return new ProvedSession(line, session, proof.finishLoginRequest, keys);
  }

  /** KE3 and the first sealed message. */
  async prove(first: unknown): Promise<void> {
    this.line.send({ type: 'prove', session: this.session, ke3: this.#ke3, sealed: await this.#seal(first) });
  }

  async relay(message: unknown): Promise<void> {
    this.line.send({ type: 'relay', session: this.session, sealed: await this.#seal(message) });
  }

  /** The next sealed message of the device's of this kind. */
  async next(kind: string): Promise<Record<string, unknown>> {
    for (;;) {
      const { sealed } = await this.line.next('relay');
      const message = JSON.parse(await this.#opener.open(decode(String(sealed)))) as Record<string, unknown>;
      if (message.kind === kind) return message;
      if (message.kind === 'error') throw new Error(String(message.message));
    }
  }

  async #seal(message: unknown): Promise<string> {
    return encode(await this.#sealer.seal(typeof message === 'string' ? message : JSON.stringify(message)));
  }
}

function text(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8');
  return Buffer.from(data as Buffer).toString('utf8');
}
