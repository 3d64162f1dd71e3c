/**
 * The secret word: a place, which finds the device, and at least three more parts, which nobody else knows.
 * The rules are those of the device, letter by letter: `daemon/protocol/src/word`; both read the same test vectors.
 */

/** Longest text taken as a secret word, bytes of UTF-8 before normalisation; also the bound of the phrase after it. */
const MAX_LEN = 256;
export const MIN_PARTS = 4;
export const MAX_PARTS = 16;
/** Fewest characters of all parts after the place together. */
const MIN_SECRET = 9;
const PLACE = /^[a-z][a-z0-9]{2,31}$/;

/** Soft hyphen, zero-width characters and the byte order mark: pasted unseen. */
const INVISIBLE = /\u{AD}|[\u{200B}-\u{200D}]|\u{2060}|\u{FEFF}/gu;
/** White space, dashes with the minus sign, and underscores. */
const SEPARATORS =
  /[\p{White_Space}_\u{2D}\u{58A}\u{5BE}\u{1400}\u{1806}\u{2010}-\u{2015}\u{203F}\u{2040}\u{2054}\u{2212}\u{2E17}\u{2E1A}\u{2E3A}\u{2E3B}\u{2E40}\u{2E5D}\u{301C}\u{3030}\u{30A0}\u{10EAD}]+/gu;
/** What a phrase may hold beside hyphens: letters, numbers, and the marks that belong to letters. */
const PARTS = /^[\p{Alphabetic}\p{N}\p{M}-]+$/u;

export interface SecretWord {
  readonly place: string;
  /** The whole, normalised, with hyphens: OPAQUE's password. */
  readonly phrase: string;
}

export type WordFault =
  | 'empty' | 'too-long' | 'bad-place' | 'bad-character' | 'too-few-parts' | 'too-many-parts' | 'too-short';

/** One spelling for everything that a person may type, paste or dictate for the same phrase. */
export function normalise(text: string): string {
  return text
    .replace(INVISIBLE, '')
    .normalize('NFKC')
    .toLowerCase()
    .normalize('NFKC')
    .replace(SEPARATORS, '-')
    .replace(/^-|-$/g, '');
}

/** Takes what a person typed, or says what is wrong with it. */
export function parseWord(text: string): SecretWord | WordFault {
  if (bytes(text) > MAX_LEN) return 'too-long';
  const phrase = normalise(text);
  if (phrase === '') return 'empty';
  if (bytes(phrase) > MAX_LEN) return 'too-long';
  if (!PARTS.test(phrase)) return 'bad-character';
  const [place = '', ...secret] = phrase.split('-');
  if (!PLACE.test(place)) return 'bad-place';
  if (secret.length + 1 < MIN_PARTS) return 'too-few-parts';
  if (secret.length + 1 > MAX_PARTS) return 'too-many-parts';
  if (Array.from(secret.join('')).length < MIN_SECRET) return 'too-short';
  return { place, phrase };
}

export function isPlace(text: string): boolean {
  return PLACE.test(text);
}

function bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}
