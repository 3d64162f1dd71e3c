/**
 * A rendezvous that cannot be trusted: it stands between the real server and everybody, shows the server's own
 * certificate, keeps all that passes, and changes what a test wants changed.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { request as ask, createServer, type Server as HttpsServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer, type RawData } from 'ws';
import type { Server } from './daemon';
import { once } from './child';
import type { Message } from './signaling';

/** One way of one socket. `number` counts the sockets of the proxy. */
export interface Leg {
  number: number;
  /** Whether it goes to the server, or comes from it. */
  to: 'server' | 'client';
}

/** What becomes of a message: itself, others in its place, or none. */
export type Tamper = (message: Message, leg: Leg, send: (message: Message) => void) => void;

export class RendezvousProxy {
  /** Every message that passed, as text, before it was changed. */
  readonly recorded: string[] = [];
  /** Every HTTP request that passed: method, path, headers, body. */
  readonly requests: string[] = [];
  tamper: Tamper | undefined;
  readonly #https: HttpsServer;
  readonly #upstream: string;
  readonly #sockets = new Set<WebSocket>();
  #count = 0;

  private constructor(https: HttpsServer, upstream: string) {
    this.#https = https;
    this.#upstream = upstream;
  }

  static async before(server: Server): Promise<RendezvousProxy> {
    const https = createServer(certificate(server.directory));
    const proxy = new RendezvousProxy(https, server.url);
    https.on('request', (request, response) => proxy.#pass(request, response));
    const sockets = new WebSocketServer({ server: https, path: '/ws' });
    sockets.on('connection', (socket, request) => proxy.#join(socket, request));
    https.listen(0, '127.0.0.1');
    await once(https, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#https.address() as AddressInfo).port;
  }

  get url(): string {
    return `https://127.0.0.1:${this.port}/`;
  }

  async end(): Promise<void> {
    for (const socket of this.#sockets) socket.terminate();
    this.#https.closeAllConnections();
    this.#https.close();
    await once(this.#https, 'close');
  }

  #join(socket: WebSocket, request: IncomingMessage): void {
    const { origin } = request.headers;
    const upstream = new WebSocket(`${this.#upstream.replace(/^http/, 'ws')}ws`, {
      rejectUnauthorized: false,
      // The server compares origin and host: it must see those of the client.
      headers: { host: request.headers.host ?? '', ...(origin === undefined ? {} : { origin }) },
    });
    const number = this.#count++;
    this.#carry(socket, upstream, { number, to: 'server' });
    this.#carry(upstream, socket, { number, to: 'client' }, request.socket);
  }

  /** What a message becomes arrives as one where the `stream` is known: nothing can happen in between. */
  #carry(from: WebSocket, to: WebSocket, leg: Leg, stream?: Duplex): void {
    const waiting: string[] = [];
    const send = (text: string): void => {
      if (to.readyState === WebSocket.CONNECTING) waiting.push(text);
      else if (to.readyState === WebSocket.OPEN) to.send(text);
    };
    to.once('open', () => waiting.splice(0).forEach(send));
    from.on('message', (data: RawData) => {
      const text = (data as Buffer).toString('utf8');
      this.recorded.push(text);
      stream?.cork();
      if (!this.tamper) send(text);
      else this.tamper(JSON.parse(text) as Message, leg, (message) => send(JSON.stringify(message)));
      stream?.uncork();
    });
    this.#sockets.add(from);
    from.on('error', () => undefined); // `close` follows
    from.once('close', () => {
      this.#sockets.delete(from);
      to.close();
    });
  }

  #pass(request: IncomingMessage, response: ServerResponse): void {
    const { method = 'GET', url = '/', headers } = request;
    const onward = ask(new URL(url, this.#upstream), { method, headers, rejectUnauthorized: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    const body: Buffer[] = [];
    request.on('data', (chunk: Buffer) => body.push(chunk));
    request.on('end', () =>
      this.requests.push(`${method} ${url} ${JSON.stringify(headers)} ${Buffer.concat(body).toString('utf8')}`));
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  }
}

/** The certificate and key that the server keeps in its state folder. */
function certificate(directory: string): { cert: string; key: string } {
  const texts = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.pem'))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
  const [cert, key] = ['BEGIN CERTIFICATE', 'PRIVATE KEY'].map((mark) => texts.find((text) => text.includes(mark)));
  if (cert === undefined || key === undefined) throw new Error(`${directory} holds no certificate and key`);
  return { cert, key };
}
