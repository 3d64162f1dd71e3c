/** What is said on the control channel beside pings: who the device is, how it is, and the chat. */

import { Chat } from './chat';
import { Commands, type Command } from './commands';
import { RpcError, type Control } from './control';
import { carryOut, isOfPage, type PageCommands } from './page-commands';
import { readDeviceInfo, readDeviceStats, readMediaState, type DeviceInfo, type DeviceStats, type MediaState } from './device';

/** Bounds of the device's, bytes of UTF-8. */
export const MAX_CHAT = 4_096;
export const MAX_NAME = 64;

/** Lasts as long as the page; sessions come and go below it. */
export class Conversation {
  info: DeviceInfo | undefined;
  stats: DeviceStats | undefined;
  media: MediaState | undefined;
  chat = new Chat();
  commands = new Commands();
  /** What the page itself carries out of what is typed. */
  page: PageCommands | undefined;
  readonly #changed: () => void;
  #control: Control | undefined;
  #statsWanted = false;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get isOpen(): boolean {
    return this.#control?.isOpen === true;
  }

  /** A session's channel is open. `told` takes what the device says of itself, once that is known here. */
  begin(control: Control, name: string, told: (info: DeviceInfo) => void): void {
    this.#control = control;
    this.commands.begin(control);
    if (name !== '') this.#tell(control, 'profile.set', { name });
    if (this.#statsWanted) this.#tell(control, 'stats.subscribe', { on: true });
    control
      .request('device.info')
      .then((result) => {
        if (this.#control !== control) return;
        this.info = readDeviceInfo(result);
        told(this.info);
        if (this.may('commands')) this.#ask(control, 'command.list', (result) => this.commands.list(result));
        if (this.may('chat')) this.#ask(control, 'chat.history', (result) => this.chat.history(result));
        this.#changed();
      })
      .catch(() => undefined);
    this.#ask(control, 'room.info', (result) => this.chat.room(result));
  }

  /** Whether the word allows this, as far as the device has told. */
  may(right: string): boolean {
    return this.info?.grant.includes(right) === true;
  }

  end(): void {
    this.#control = undefined;
    this.stats = undefined;
    this.media = undefined;
    this.chat.end();
    this.commands.end();
  }

  /** Forgets the device: another word is another conversation. */
  clear(): void {
    this.end();
    this.info = undefined;
    this.chat = new Chat();
    this.commands = new Commands();
  }

  /** False for a method that is none of its matters. */
  notified(method: string, params: unknown): boolean {
    switch (method) {
      case 'device.stats':
        this.stats = readDeviceStats(params);
        break;
      case 'media.state':
        this.media = readMediaState(params);
        break;
      case 'chat.message':
        this.chat.message(params);
        break;
      case 'command.output':
        this.commands.output(params);
        break;
      case 'command.exited':
        this.commands.exited(params);
        break;
      case 'room.changed':
        this.chat.changed(params);
        break;
      default:
        return false;
    }
    this.#changed();
    return true;
  }

  /** Asks for the device's figures each second, or no longer. */
  wantStats(on: boolean): void {
    if (this.#statsWanted === on) return;
    this.#statsWanted = on;
    if (!on) this.stats = undefined;
    if (this.#control) this.#tell(this.#control, 'stats.subscribe', { on });
  }

  /** Rejects with a sentence for a person. */
  async say(text: string): Promise<void> {
    if (!this.#control) throw new Error('Not sent: there is no connection to the device just now.');
    if (text.startsWith('/')) this.chat.typed(text);
    if (this.page && isOfPage(text)) {
      const answer = await carryOut(text, this.page);
      if (answer !== undefined) this.chat.answered(answer);
      this.#changed();
      return;
    }
    try {
      await this.#control.request('chat.send', { text });
    } catch (error) {
      if (error instanceof RpcError) throw error;
      throw new Error('It is not certain that this arrived: the connection broke.', { cause: error });
    }
  }

  /** Rejects with a sentence for a person. */
  async run(command: Command, args: Record<string, string>): Promise<void> {
    await this.commands.run(command, args);
    this.#changed();
  }

  rename(name: string): void {
    if (this.#control && name !== '') this.#tell(this.#control, 'profile.set', { name });
  }

  #ask(control: Control, method: string, take: (result: unknown) => void): void {
    control
      .request(method)
      .then((result) => {
        if (this.#control !== control) return;
        take(result);
        this.#changed();
      })
      .catch(() => undefined);
  }

  /** What fails here fails again, and is said, where a person waits for it. */
  #tell(control: Control, method: string, params: object): void {
    control.request(method, params).catch(() => undefined);
  }
}
