/** What was said, and who is here. */

import { isObject } from './control';
import { readChatMessage, readMember, type ChatMessage, type Member } from './device';

/** Lines of chat kept; the oldest go first. */
const MAX_LINES = 500;

/** One device's chat: it outlasts sessions, and is the same whether a line was heard or found in the history. */
export class Chat {
  /** Oldest first. */
  lines: readonly ChatMessage[] = [];
  /** Lines that came while this page was here, those of the history not among them. */
  heard = 0;
  /** Those of them that others said. */
  heardOfOthers = 0;
  /** Everybody who is here now, oneself too, in the order of coming. */
  members: readonly Member[] = [];
  /** One's own number. */
  you = 0;
  #typed = 0;

  /** `chat.message` */
  message(params: unknown): void {
    const line = readChatMessage(params);
    if (!line) return;
    this.heard++;
    if (!line.own && !line.reply) this.heardOfOthers++;
    this.#keep([...this.lines, ...this.#fresh([line])]);
  }

  /** A line that began with `/` was sent: nobody else sees it, so the device does not send it back. */
  typed(text: string): void {
    const line = { id: -++this.#typed, from: '', own: true, reply: true, text, timeMs: Date.now() };
    this.#keep([...this.lines, line]);
  }

  /** An answer to such a line that the page itself gives. */
  answered(text: string): void {
    const line = { id: -++this.#typed, from: 'This page', own: false, reply: true, text, timeMs: Date.now() };
    this.#keep([...this.lines, line]);
  }

  /** Result of `chat.history`. */
  history(result: unknown): void {
    const messages = isObject(result) && Array.isArray(result.messages) ? result.messages : [];
    const fresh = this.#fresh(messages.map(readChatMessage).filter((line) => line !== undefined));
    const inOrder = (a: ChatMessage, b: ChatMessage): number => a.timeMs - b.timeMs || a.id - b.id;
    if (fresh.length > 0) this.#keep([...this.lines, ...fresh].sort(inOrder));
  }

  /** Result of `room.info`. */
  room(result: unknown): void {
    const members = isObject(result) && Array.isArray(result.members) ? result.members : [];
    this.members = members.map(readMember).filter((member) => member !== undefined);
    this.you = isObject(result) && typeof result.you === 'number' ? result.you : 0;
  }

  /** `room.changed` */
  changed(params: unknown): void {
    const member = isObject(params) ? readMember(params.member) : undefined;
    if (!member || !isObject(params)) return;
    const others = this.members.filter(({ id }) => id !== member.id);
    if (params.event === 'left') this.members = others;
    else if (others.length === this.members.length) this.members = [...others, member];
    else this.members = this.members.map((old) => (old.id === member.id ? member : old));
  }

  /** The session is over: nobody is known to be here. */
  end(): void {
    this.members = [];
  }

  /**
   * Those that are not there yet. Numbers begin anew with the device; with its time they name a line. What is known
   * already is known better: as one's own.
   */
  #fresh(lines: readonly ChatMessage[]): ChatMessage[] {
    const name = ({ id, timeMs, reply }: ChatMessage): string => `${id} ${timeMs} ${reply}`;
    const known = new Set(this.lines.map(name));
    return lines.filter((line) => line.reply || !known.has(name(line)));
  }

  #keep(lines: readonly ChatMessage[]): void {
    this.lines = lines.slice(-MAX_LINES);
  }
}
