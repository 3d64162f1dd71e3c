/**
 * What this browser remembers: the word for a reload (and longer only when asked to), and for each place the device's
 * key and the pass that the device gave. Without storage (it may be forbidden) it lasts as long as the page.
 */

import { isObject } from './control';

export interface Acquaintance {
  /** The device's OPAQUE public key, base64url. */
  key: string;
  /** Shown at the next knock, base64url. */
  pass: string | undefined;
  /** When last proved, milliseconds since the epoch. */
  used: number;
}

const WORD = 'watchword.word';
const DEVICES = 'watchword.devices';
const RELOADED = 'watchword.reloaded';
const NAME = 'watchword.name';
const SOUND = 'watchword.chat-sound';
/** Places remembered; the one unused longest is forgotten first. */
const MAX_DEVICES = 64;

export class Memory {
  readonly #session: Store;
  readonly #local: Store;

  constructor(session: () => Storage = () => sessionStorage, local: () => Storage = () => localStorage) {
    this.#session = new Store(session);
    this.#local = new Store(local);
  }

  get word(): string | undefined {
    return this.#session.get(WORD) ?? this.#local.get(WORD);
  }

  /** Whether the word was asked to be kept for longer than this visit. */
  get remembers(): boolean {
    return this.#local.get(WORD) !== undefined;
  }

  keepWord(phrase: string): void {
    this.#session.set(WORD, phrase);
  }

  rememberWord(phrase: string): void {
    this.#local.set(WORD, phrase);
  }

  forgetWord(): void {
    this.#session.remove(WORD);
    this.#local.remove(WORD);
  }

  /** Whether the page may load itself anew for this reason: once a visit, so that it never does so in a circle. */
  mayReload(reason: string): boolean {
    if (this.#session.get(RELOADED) === reason) return false;
    this.#session.set(RELOADED, reason);
    return true;
  }

  get name(): string {
    return this.#local.get(NAME) ?? '';
  }

  set name(name: string) {
    this.#local.set(NAME, name);
  }

  /** Whether a message makes a sound. */
  get chatSound(): boolean {
    return this.#local.get(SOUND) === 'on';
  }

  set chatSound(on: boolean) {
    if (on) this.#local.set(SOUND, 'on');
    else this.#local.remove(SOUND);
  }

  device(place: string): Acquaintance | undefined {
    return this.#devices().get(place);
  }

  keepDevice(place: string, acquaintance: Acquaintance): void {
    const devices = this.#devices();
    devices.set(place, acquaintance);
    const newest = [...devices].sort(([, a], [, b]) => b.used - a.used).slice(0, MAX_DEVICES);
    this.#local.set(DEVICES, JSON.stringify(Object.fromEntries(newest)));
  }

  /** What another hand has put there is passed over. */
  #devices(): Map<string, Acquaintance> {
    const devices = new Map<string, Acquaintance>();
    let stored: unknown;
    try {
      stored = JSON.parse(this.#local.get(DEVICES) ?? '{}');
    } catch {
      stored = {};
    }
    for (const [place, value] of Object.entries(isObject(stored) ? stored : {})) {
      if (!isObject(value)) continue;
      const { key, pass, used } = value;
      if (typeof key !== 'string' || typeof used !== 'number') continue;
      devices.set(place, { key, pass: typeof pass === 'string' ? pass : undefined, used });
    }
    return devices;
  }
}

/** A `Storage` that may be refused, or full. */
class Store {
  readonly #storage: () => Storage;
  readonly #instead = new Map<string, string>();

  constructor(storage: () => Storage) {
    this.#storage = storage;
  }

  get(name: string): string | undefined {
    try {
      return this.#storage().getItem(name) ?? this.#instead.get(name);
    } catch {
      return this.#instead.get(name);
    }
  }

  set(name: string, value: string): void {
    try {
      this.#storage().setItem(name, value);
    } catch {
      this.#instead.set(name, value);
    }
  }

  remove(name: string): void {
    this.#instead.delete(name);
    try {
      this.#storage().removeItem(name);
    } catch {
      // Then there is nothing to remove.
    }
  }
}
