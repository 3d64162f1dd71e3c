/**
 * Sealing: what page and device say to each other through the rendezvous once the word is proved.
 *
 * One AES-256-GCM key a direction, from the session key by HKDF-SHA-256 (RFC 5869) with everything that names the
 * session as context. The nonce is a counter that is not sent: a message that is altered, repeated, left out, out of
 * order, or of another session does not open, and then nothing does any more.
 */

/** Longest plaintext, bytes. */
const MAX_PLAINTEXT = 46 * 1024;
const TAG_LEN = 16;
/** Messages that one direction of one session may carry. */
const MAX_MESSAGES = 2 ** 24;
const FORGED = 'a message was altered, lost or repeated on its way';
const LABEL = 'watchword/1 seal';

/** What names a session. Both ends must have the same, or nothing opens. */
export interface Context {
  place: string;
  viewer: string;
  device: string;
  session: string;
}

export type Role = 'viewer' | 'device';

/** The two halves of one end's channel. `key` is an HKDF key that allows `deriveKey`; what comes of it stays inside. */
export async function channel(key: CryptoKey, context: Context, role: Role): Promise<[Sealer, Opener]> {
  const [own, other] = await Promise.all([
    directionKey(key, context, role, 'encrypt'),
    directionKey(key, context, role === 'viewer' ? 'device' : 'viewer', 'decrypt'),
  ]);
  return [new Sealer(own), new Opener(other)];
}

/** Seals what this end sends. Calls may overlap: each takes its place in the order when it is made. */
export class Sealer {
  readonly #key: CryptoKey;
  #counter = 0;

  constructor(key: CryptoKey) {
    this.#key = key;
  }

  async seal(text: string): Promise<Uint8Array<ArrayBuffer>> {
    const plaintext = new TextEncoder().encode(text);
    if (plaintext.length > MAX_PLAINTEXT) throw new Error('the message is too long to be sealed');
    if (this.#counter >= MAX_MESSAGES) throw new Error('this session has sent all the messages that its keys allow');
    const iv = nonce(this.#counter++);
    return new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, this.#key, plaintext));
  }
}

/** Opens what the other end sent, in its order. */
export class Opener {
  readonly #key: CryptoKey;
  #counter = 0;
  /** The message before; once one has failed, all behind it do. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(key: CryptoKey) {
    this.#key = key;
  }

  /** Rejects for anything but the next message of the other end; from then on always. Calls are served in order. */
  open(sealed: Uint8Array<ArrayBuffer>): Promise<string> {
    const opened = this.#last.then(() => this.#open(sealed));
    this.#last = opened;
    // Whoever asked for it hears of the failure; the chain only keeps it for those behind.
    opened.catch(() => undefined);
    return opened;
  }

  async #open(sealed: Uint8Array<ArrayBuffer>): Promise<string> {
    try {
      if (sealed.length > MAX_PLAINTEXT + TAG_LEN || this.#counter >= MAX_MESSAGES) throw new Error(FORGED);
      const iv = nonce(this.#counter++);
      const plaintext = await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, this.#key, sealed);
      return new TextDecoder('utf-8', { fatal: true }).decode(plaintext);
    } catch (error) {
      throw new Error(FORGED, { cause: error });
    }
  }
}

async function directionKey(key: CryptoKey, context: Context, sender: Role, use: KeyUsage): Promise<CryptoKey> {
  const direction = sender === 'viewer' ? 'viewer to device' : 'device to viewer';
  const info = framed(LABEL, [context.place, context.viewer, context.device, context.session, direction]);
  const how = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info };
  return await crypto.subtle.deriveKey(how, key, { name: 'AES-GCM', length: 256 }, false, [use]);
}

/** A label, then each field with its length (64 bits, big-endian) in front. */
function framed(label: string, fields: readonly string[]): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder();
  const parts = [text.encode(label)];
  for (const field of fields.map((field) => text.encode(field))) {
    const length = new Uint8Array(8);
    new DataView(length.buffer).setBigUint64(0, BigInt(field.length));
    parts.push(length, field);
  }
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/** 4 zero bytes, then the counter. */
function nonce(counter: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(12);
  new DataView(bytes.buffer).setBigUint64(4, BigInt(counter));
  return bytes;
}
