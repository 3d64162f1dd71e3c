/**
 * The signaling wire: what the page says to the rendezvous, and what it hears.
 * JSON objects tagged by `type`; unknown fields are ignored. `docs/protocol.md` tells the whole story.
 */

export const VERSION = 1;
/** Largest message either side accepts, bytes of JSON text. */
export const MAX_MESSAGE = 64 * 1024;

export type ToServer =
  | { type: 'knock'; v: number; place: string; ke1: string; pass?: string }
  | { type: 'prove'; session: string; ke3: string; sealed: string }
  | { type: 'relay'; session: string; sealed: string }
  | { type: 'leave'; session: string }
  | { type: 'ping' };

export interface Welcome {
  type: 'welcome';
  v: number;
  handle: string;
  /** UDP port of the STUN server at this server's host name. */
  stun_port?: number;
  /** Event stream only: the secret that each POST shows. */
  stream?: string;
}

export interface Refusal {
  code: RefusalCode;
  /** What happened and what to do, one sentence. */
  message: string;
  /** Seconds after which trying again makes sense. */
  retry_after?: number;
}

export type FromServer =
  | Welcome
  | { type: 'absent'; place: string }
  | { type: 'present'; place: string }
  | { type: 'reply'; session: string; device: string; ke2: string }
  | { type: 'relay'; session: string; sealed: string }
  | { type: 'left'; session: string }
  | ({ type: 'refused'; session?: string; place?: string } & Refusal)
  | { type: 'pong' };

const CODES = [
  'malformed', 'unknown-message', 'wrong-version', 'wrong-role', 'too-large', 'too-fast', 'too-many-sockets',
  'too-many-knocks', 'too-many-sessions', 'too-many-places', 'bad-place', 'place-taken', 'bad-claim', 'no-session',
  'try-later', 'proof-failed', 'unavailable', 'replaced',
] as const;
export type RefusalCode = (typeof CODES)[number];

/** Reads one message of the server's. Throws, with a sentence, when it is none that a viewer can be sent. */
export function decodeFromServer(text: string): FromServer {
  if (text.length > MAX_MESSAGE) throw new Error('the message is too large');
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null) throw new Error('the message is no object');
  const fields = new Fields(value as Record<string, unknown>);
  const type = fields.string('type');
  switch (type) {
    case 'welcome':
      return {
        type,
        v: fields.integer('v'),
        handle: fields.string('handle'),
        ...fields.optional('stun_port', () => ({ stun_port: fields.integer('stun_port') })),
        ...fields.optional('stream', () => ({ stream: fields.string('stream') })),
      };
    case 'absent':
    case 'present':
      return { type, place: fields.string('place') };
    case 'reply':
      return { type, session: fields.string('session'), device: fields.string('device'), ke2: fields.string('ke2') };
    case 'relay':
      return { type, session: fields.string('session'), sealed: fields.string('sealed') };
    case 'left':
      return { type, session: fields.string('session') };
    case 'refused':
      return {
        type,
        code: refusalCode(fields.string('code')),
        message: fields.string('message'),
        ...fields.optional('session', () => ({ session: fields.string('session') })),
        ...fields.optional('place', () => ({ place: fields.string('place') })),
        ...fields.optional('retry_after', () => ({ retry_after: fields.integer('retry_after') })),
      };
    case 'pong':
      return { type };
    default:
      throw new Error('the message is of a kind that this page does not know');
  }
}

/** A code of a later version is met as one that says no more than its sentence. */
function refusalCode(text: string): RefusalCode {
  return CODES.find((code) => code === text) ?? 'unavailable';
}

class Fields {
  readonly #value: Record<string, unknown>;

  constructor(value: Record<string, unknown>) {
    this.#value = value;
  }

  string(name: string): string {
    const field = this.#value[name];
    if (typeof field !== 'string') throw new Error(`the message has no text field ${name}`);
    return field;
  }

  integer(name: string): number {
    const field = this.#value[name];
    if (typeof field !== 'number' || !Number.isSafeInteger(field) || field < 0) {
      throw new Error(`the message has no number ${name}`);
    }
    return field;
  }

  optional<T extends object>(name: string, read: () => T): Partial<T> {
    return this.#value[name] === undefined || this.#value[name] === null ? {} : read();
  }
}
