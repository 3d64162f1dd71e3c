/**
 * A viewer and its device: the one state, carried out. It begins sessions, watches over the one that is live, and
 * comes back by itself.
 */

import { Files } from '../files/files';
import { linkOf } from '../files/link';
import { Prover } from '../proof/prover';
import { parseWord, type SecretWord, type WordFault } from '../word/secret-word';
import type { Control } from './control';
import { Conversation } from './conversation';
import { readBye } from './device';
import { transition, type Effect, type Event as MachineEvent, type Fault, type State } from './machine';
import { Memory } from './memory';
import type { Peer } from './peer';
import { Session } from './session';
import type { Vitals } from './vitals';
import { Watch } from './watch';

/**
 * Says `change` whenever something that can be seen has changed, and `ending` just before a session is let go of:
 * its last picture can still be kept then. `choose-files` asks the page to open the browser's dialogue.
 */
export class Viewer extends EventTarget {
  readonly conversation = new Conversation(() => this.#changed());
  readonly files = new Files((right) => this.conversation.may(right), () => this.#changed());
  readonly memory = new Memory();
  state: State = { name: 'idle' };
  word: SecretWord | undefined;
  /** Whether the word has led to the device since it was given. */
  arrived = false;
  /** Picture and sound of the session that is, or was last, live. */
  stream: MediaStream | undefined;
  vitals: Vitals | undefined;
  readonly #base: URL;
  readonly #prover = new Prover();
  #remember = false;
  #changedKey: string | undefined;
  #session: Session | undefined;
  #watch: Watch | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `base`: the folder of the page, at whose server the device is found. */
  constructor(base: URL) {
    super();
    this.#base = base;
    this.conversation.page = this.files.commands(() => this.dispatchEvent(new Event('choose-files')));
    document.addEventListener('visibilitychange', () => document.hidden || this.#wake());
    addEventListener('online', () => this.#wake());
    addEventListener('pageshow', () => this.#wake());
    // A device is told at once that its viewer has gone; should this page be shown again, it comes back.
    addEventListener('pagehide', () => this.#leftPage());
  }

  /** Loads what proves the word, before there is one. */
  load(): void {
    this.#prover.load();
  }

  /** Opens the line and prepares an offer: the word is being typed. */
  prepare(): void {
    if (this.state.name !== 'idle' && this.state.name !== 'refused') return;
    this.#session ??= this.#newSession();
    this.#session.prepare();
  }

  /** A person gave a word. Says what is wrong with it, or sets out. */
  go(text: string, remember: boolean): WordFault | undefined {
    const word = parseWord(text);
    if (typeof word === 'string') return word;
    if (word.phrase !== this.word?.phrase) {
      this.conversation.clear();
      this.files.clear();
      this.arrived = false;
    }
    this.word = word;
    this.#remember = remember;
    this.memory.keepWord(word.phrase);
    this.#handle({ type: 'go' });
    return undefined;
  }

  /** The viewer trusts the device's new key. */
  acceptKey(): void {
    if (!this.word || this.#changedKey === undefined) return;
    this.memory.keepDevice(this.word.place, { key: this.#changedKey, pass: undefined, used: Date.now() });
    this.memory.keepWord(this.word.phrase);
    this.#handle({ type: 'go' });
  }

  leave(): void {
    this.memory.forgetWord();
    this.word = undefined;
    this.stream = undefined;
    this.conversation.clear();
    this.files.clear();
    this.#handle({ type: 'leave' });
  }

  /** A frame of `stream` is on the screen. */
  shown(stream: MediaStream): void {
    if (stream === this.#session?.stream) this.#handle({ type: 'live' });
  }

  rename(name: string): void {
    this.memory.name = name;
    this.conversation.rename(name);
  }

  #handle(event: MachineEvent): void {
    const [state, effect] = transition(this.state, event);
    this.state = state;
    if (state.name === 'live') this.arrived = true;
    this.#carryOut(effect);
    this.#changed();
  }

  #carryOut(effect: Effect): void {
    switch (effect.do) {
      case 'nothing':
        return;
      case 'end':
        this.#end();
        return;
      case 'pause':
        this.#end();
        this.#timer = setTimeout(() => this.#handle({ type: 'wake' }), effect.ms);
        return;
      case 'begin':
        this.#begin();
    }
  }

  #begin(): void {
    if (!this.word) return;
    // A session that was prepared while the word was typed has knocked at no place yet.
    const prepared = this.#session;
    if (!prepared || prepared.over || prepared.knocked) {
      this.#end();
      this.#session = this.#newSession();
    }
    clearTimeout(this.#timer);
    this.#session?.knock(this.word, this.memory.device(this.word.place));
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.#watch?.stop();
    this.#watch = undefined;
    if (this.#session) this.dispatchEvent(new Event('ending'));
    this.#session?.end();
    this.#session = undefined;
    this.conversation.end();
    this.files.end();
    this.vitals = undefined;
  }

  #newSession(): Session {
    const current = (): boolean => this.#session === session;
    const say = (event: MachineEvent): void => {
      if (current()) this.#handle(event);
    };
    const session: Session = new Session(this.#base, this.#prover, {
      absent: () => say({ type: 'absent' }),
      present: () => say({ type: 'present' }),
      found: () => say({ type: 'found' }),
      proved: (key, peer) => {
        if (current()) this.#proved(key, peer);
      },
      open: (control, peer) => {
        if (current()) this.#open(session, control, peer);
      },
      notified: (method, params) => {
        if (current()) this.#notified(method, params);
      },
      wrongWord: () => {
        // A word that was wrong is not tried again after a reload.
        if (current()) this.memory.forgetWord();
        say({ type: 'wrong-word' });
      },
      changedKey: (key) => {
        this.#changedKey = key;
        say({ type: 'changed-key' });
      },
      refused: (refusal) => {
        // The server was renewed while this page was open: the page that it serves now is the one that fits.
        if (current() && refusal.code === 'wrong-version' && this.memory.mayReload(refusal.message)) location.reload();
        say({ type: 'refused', refusal, now: Date.now(), random: Math.random() });
      },
      failed: (fault, message) => this.#failed(session, fault, message),
    });
    return session;
  }

  #proved(key: string, peer: Peer): void {
    if (!this.word) return;
    const { place, phrase } = this.word;
    this.memory.keepDevice(place, { key, pass: this.memory.device(place)?.pass, used: Date.now() });
    if (this.#remember) this.memory.rememberWord(phrase);
    this.stream = peer.stream;
    this.#handle({ type: 'proved' });
  }

  #open(session: Session, control: Control, peer: Peer): void {
    this.conversation.begin(control, this.memory.name, ({ pass }) => {
      if (!this.word) return;
      const { place } = this.word;
      const known = this.memory.device(place);
      if (known && pass !== '') this.memory.keepDevice(place, { ...known, pass });
      void this.files.begin(linkOf(control, peer), place);
    });
    this.#watch = new Watch(peer, control, {
      vitals: (vitals) => {
        this.vitals = vitals;
        if (vitals.framesDecoded > 0) this.#handle({ type: 'live' });
        else this.#changed();
      },
      fault: (verdict) => this.#failed(session, verdict),
      watched: () => !document.hidden && this.conversation.media?.video.state === 'live',
    });
    this.#liveWithoutPicture();
  }

  #notified(method: string, params: unknown): void {
    if (method === 'session.bye') {
      const { reason, again } = readBye(params);
      this.#handle({ type: 'bye', reason, again, now: Date.now() });
    } else if (this.conversation.notified(method, params)) {
      this.#liveWithoutPicture();
    }
  }

  /** Where no picture can come, sound and chat are what is live. */
  #liveWithoutPicture(): void {
    const video = this.conversation.media?.video.state;
    if (this.conversation.isOpen && (video === 'none' || video === 'no-codec' || video === 'waiting')) {
      this.#handle({ type: 'live' });
    }
  }

  #failed(session: Session, fault: Fault, message = ''): void {
    if (this.#session !== session) return;
    if (this.state.name === 'idle' || this.state.name === 'refused') {
      // Only prepared: the word will find a fresh one.
      session.end();
      this.#session = undefined;
      return;
    }
    this.#handle({ type: 'failed', fault, message, now: Date.now(), random: Math.random() });
  }

  #wake(): void {
    this.#watch?.wake();
    // A refusal's time is the device's to say: coming back to the page does not shorten it.
    if (this.state.name !== 'refused') this.#handle({ type: 'wake' });
  }

  #leftPage(): void {
    if (this.#session && this.state.name !== 'refused') this.#failed(this.#session, 'closed');
    this.#end();
  }

  #changed(): void {
    this.dispatchEvent(new Event('change'));
  }
}
