/**
 * One session, from its knock to its end: line, proof, peer connection and control channel of one attempt.
 * It says once how it ends and is then done; coming back is a new session, and its owner's matter.
 */

import type { Proof, Prover, Started } from '../proof/prover';
import { channel } from '../seal/seal';
import { openLine, type Line } from '../signal/line';
import { VERSION, type FromServer, type Refusal } from '../signal/messages';
import type { Sealed } from '../signal/sealed';
import { Forged, SealedChannel } from '../signal/sealed-channel';
import type { SecretWord } from '../word/secret-word';
import { Control } from './control';
import type { Fault } from './machine';
import type { Acquaintance } from './memory';
import { Peer } from './peer';

export interface SessionListener {
  absent(): void;
  present(): void;
  found(): void;
  /** The word is right, the device the one known (or new), and the offer is on its way. */
  proved(deviceKey: string, peer: Peer): void;
  /** Control channel open: methods may be called. */
  open(control: Control, peer: Peer): void;
  notified(method: string, params: unknown): void;
  // One of these is the last that is heard:
  wrongWord(): void;
  changedKey(deviceKey: string): void;
  refused(refusal: Refusal): void;
  failed(fault: Fault, message?: string): void;
}

/** How long each stage may take, milliseconds. Stretching on a slow phone takes seconds. */
const ANSWER_WITHIN = 5_000;
const STRETCH_WITHIN = 30_000;
const CONNECT_WITHIN = 12_000;
/** How often a waiting line is tried, milliseconds. */
const PING_EVERY = 5_000;
/** The line is kept for late candidates after datagrams come through, milliseconds. */
const KEEP_LINE = 10_000;

interface Knocked {
  word: SecretWord;
  known: Acquaintance | undefined;
}

export class Session {
  readonly #base: URL;
  readonly #prover: Prover;
  readonly #listener: SessionListener;
  readonly #abort = new AbortController();
  readonly #line: Promise<Line>;
  #peer: Peer | undefined;
  /** Offer made, candidates being gathered. */
  #prepared: Promise<Peer> | undefined;
  #open: Line | undefined;
  #knocked: Knocked | undefined;
  #started: Started | undefined;
  #id: string | undefined;
  #sealed: SealedChannel | undefined;
  #connected = false;
  #opened = false;
  #over = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lineTimer: ReturnType<typeof setTimeout> | undefined;

  /** Opens the line at once: it does not need the word. */
  constructor(base: URL, prover: Prover, listener: SessionListener) {
    this.#base = base;
    this.#prover = prover;
    this.#listener = listener;
    this.#line = openLine(base, this.#abort.signal);
    this.#line
      // A server that waits too long for the knock hangs up: its owner then prepares another.
      .then((line) => line.listen({ message: () => undefined, closed: () => this.#fail('unreachable') }))
      .catch(() => this.#fail('unreachable'));
  }

  get stream(): MediaStream | undefined {
    return this.#peer?.stream;
  }

  get over(): boolean {
    return this.#over;
  }

  get knocked(): boolean {
    return this.#knocked !== undefined;
  }

  /**
   * Makes the peer connection and its offer, and gathers candidates. A browser's first connection keeps the page busy
   * for tens of milliseconds, so this waits for a moment that has them: while the word is typed, or stretched.
   */
  prepare(): void {
    if (this.#prepared || this.#over) return;
    const peer = new Peer({
      candidate: (message) => this.#seal(message),
      connected: () => this.#onConnected(),
      failed: () => this.#fail(this.#connected ? 'silent' : 'no-path'),
    });
    const control = new Control(peer.control, {
      open: () => this.#onOpen(control, peer),
      notified: (method, params) => this.#over || this.#listener.notified(method, params),
      closed: () => this.#fail(this.#connected ? 'closed' : 'no-path'),
    });
    this.#peer = peer;
    this.#prepared = this.#line.then(async (line) => {
      await peer.prepare(stun(this.#base, line));
      return peer;
    });
    this.#prepared.catch(() => this.#fail('unreachable'));
  }

  /** Says the place and OPAQUE's first message. Called once. */
  knock(word: SecretWord, known: Acquaintance | undefined): void {
    this.#knocked = { word, known };
    this.#run(async () => {
      const [line] = await Promise.all([this.#line, this.#start()]);
      if (this.#over) return;
      if (line.welcome.v !== VERSION) {
        const message = 'This page and the server are of different versions: load the page again.';
        this.#listener.refused({ code: 'wrong-version', message });
        return;
      }
      this.#open = line;
      line.listen({ message: (message) => this.#hear(message), closed: () => this.#lineClosed() });
      this.#sendKnock();
    }, 'unreachable');
  }

  /** Lets go of everything; nothing is heard any more. */
  end(): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#lineTimer);
    this.#hangUp();
    this.#abort.abort();
    this.#line.then((line) => line.close()).catch(() => undefined);
    this.#peer?.close();
  }

  async #start(): Promise<void> {
    if (this.#knocked) this.#started = await this.#prover.start(this.#knocked.word.phrase);
  }

  #sendKnock(): void {
    if (!this.#knocked || !this.#started) return;
    const { word, known } = this.#knocked;
    const pass = known?.pass === undefined ? {} : { pass: known.pass };
    this.#within(ANSWER_WITHIN, 'no-answer');
    this.#open?.send({ type: 'knock', v: VERSION, place: word.place, ke1: this.#started.ke1, ...pass });
  }

  #hear(message: FromServer): void {
    if (this.#over) return;
    switch (message.type) {
      case 'absent':
        this.#waitForPresence();
        this.#listener.absent();
        return;
      case 'present':
        if (this.#id !== undefined) return;
        this.#listener.present();
        this.#within(ANSWER_WITHIN, 'no-answer');
        // A KE1 serves once.
        this.#run(async () => {
          await this.#start();
          this.#sendKnock();
        }, 'no-answer');
        return;
      case 'reply':
        if (this.#id !== undefined) return;
        this.#id = message.session;
        this.#within(STRETCH_WITHIN, 'no-answer');
        this.#listener.found();
        this.#run(() => this.#prove(message), 'error');
        return;
      case 'relay':
        if (message.session === this.#id) this.#unseal(message.sealed);
        return;
      case 'left':
        if (message.session === this.#id && !this.#connected) this.#fail('closed');
        return;
      case 'refused':
        // Once connected the two ends need nobody between them.
        if (!this.#connected) this.#listener.refused(message);
        return;
      case 'pong':
        this.#waitForPresence();
        return;
      case 'welcome':
        return;
    }
  }

  async #prove(reply: FromServer & { type: 'reply' }): Promise<void> {
    const { line, word, known, started } = this.#parts();
    const proving = started.finish(reply.ke2);
    this.prepare();
    const proof = await proving;
    if (this.#over) return;
    if (proof === 'wrong-word') {
      this.#hangUp();
      this.#listener.wrongWord();
    } else if (known && known.key !== proof.deviceKey) {
      this.#hangUp();
      this.#listener.changedKey(proof.deviceKey);
    } else {
      const context = {
        place: word.place,
        viewer: line.welcome.handle,
        device: reply.device,
        session: reply.session,
      };
      await this.#offer(proof, new SealedChannel(await channel(proof.sessionKey, context, 'viewer')));
    }
  }

  /** KE3 and the sealed offer, in one message. */
  async #offer(proof: Proof, sealed: SealedChannel): Promise<void> {
    const peer = await this.#prepared;
    const session = this.#id;
    if (this.#over || !peer || session === undefined) return;
    const sent = sealed.send(peer.offer(), (sealed) => {
      this.#open?.send({ type: 'prove', session, ke3: proof.ke3, sealed });
    });
    // Candidates found from now on leave behind the offer.
    this.#sealed = sealed;
    await sent;
    if (this.over) return;
    this.#within(CONNECT_WITHIN, 'no-path');
    this.#listener.proved(proof.deviceKey, peer);
  }

  #seal(message: Sealed): void {
    const session = this.#id;
    if (this.#over || session === undefined) return;
    this.#sealed
      ?.send(message, (sealed) => this.#open?.send({ type: 'relay', session, sealed }))
      .catch(() => this.#fail('error'));
  }

  #unseal(sealed: string): void {
    const taken = this.#sealed?.receive(sealed, (message) => this.#take(message)) ?? Promise.reject(new Forged());
    taken.catch((error: unknown) => {
      // A session that is open has no more need of what is said here, and what is forged cannot harm it.
      if (error instanceof Forged ? !this.#opened : !this.#connected) {
        this.#fail(error instanceof Forged ? 'forged' : 'error');
      }
    });
  }

  async #take(message: Sealed): Promise<void> {
    if (message.kind === 'error') this.#fail('error', message.message);
    else if (!this.#over) await this.#peer?.receive(message);
  }

  #onConnected(): void {
    if (this.#over || this.#connected) return;
    this.#connected = true;
    this.#lineTimer = setTimeout(() => this.#hangUp(), KEEP_LINE);
  }

  #onOpen(control: Control, peer: Peer): void {
    if (this.#over) return;
    this.#opened = true;
    clearTimeout(this.#timer);
    this.#listener.open(control, peer);
  }

  /** The device is away: the line is tried now and then, so that one that broke unseen does not wait for ever. */
  #waitForPresence(): void {
    if (this.#id !== undefined) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#open?.send({ type: 'ping' });
      this.#within(ANSWER_WITHIN, 'unreachable');
    }, PING_EVERY);
  }

  #lineClosed(): void {
    // A session that is connected needs no line; one that is not has nobody to speak to.
    if (!this.#connected) this.#fail('unreachable');
  }

  #hangUp(): void {
    if (this.#id !== undefined) this.#open?.send({ type: 'leave', session: this.#id });
    this.#open?.close();
    this.#open = undefined;
  }

  #parts(): Knocked & { line: Line; started: Started } {
    if (!this.#open || !this.#knocked || !this.#started) throw new Error('the device answered before it was asked');
    return { line: this.#open, started: this.#started, ...this.#knocked };
  }

  #within(ms: number, fault: Fault): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#fail(fault), ms);
  }

  #run(task: () => Promise<void>, fault: Fault): void {
    task().catch((error: unknown) => this.#fail(fault, fault === 'error' && error instanceof Error ? error.message : ''));
  }

  #fail(fault: Fault, message = ''): void {
    if (!this.#over) this.#listener.failed(fault, message);
  }
}

function stun(base: URL, line: Line): string | undefined {
  const port = line.welcome.stun_port;
  return port === undefined ? undefined : `stun:${base.hostname}:${port}`;
}
