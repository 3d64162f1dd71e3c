/** What was probably meant: a part that the list does not have, and one that it has a slip or two away. */

import { isPlace, MAX_PARTS, MIN_PARTS, normalise } from './secret-word';

/** EFF's long list of 7,776 words, hyphens inside a word dropped. Fetched when first asked for. */
export async function loadWords(): Promise<string[]> {
  const { default: text } = await import('./words.txt?raw');
  return text.trim().split('\n');
}

/**
 * The phrase that was probably meant by a phrase with a slip in it; undefined where it has none, or where more than
 * slips would have to be changed. The place is an owner's own choice as often as a word of the list: it is taken as
 * typed unless all other parts are right, or it can be no place at all.
 */
export function suggest(text: string, words: readonly string[]): string | undefined {
  if (new TextEncoder().encode(text).length > 256) return undefined;
  const [place = '', ...secret] = normalise(text).split('-');
  if (secret.length + 1 < MIN_PARTS || secret.length + 1 > MAX_PARTS) return undefined;
  const meant: string[] = [];
  for (const part of secret) {
    const near = nearest(part, words);
    if (near === undefined) return undefined;
    meant.push(near);
  }
  const slipped = meant.some((part, index) => part !== secret[index]);
  const first = isPlace(place) ? (slipped ? place : nearPlace(place, words)) : nearest(place, words);
  return first === undefined ? undefined : [first, ...meant].join('-');
}

/** The place corrected: its letters near a word of the list, its number (`garden27`) kept. */
function nearPlace(place: string, words: readonly string[]): string | undefined {
  const letters = place.replace(/[0-9]+$/, '');
  const meant = nearest(letters, words);
  if (meant === undefined || meant === letters) return undefined;
  const corrected = meant + place.slice(letters.length);
  return isPlace(corrected) ? corrected : undefined;
}

/**
 * The word of the list at the smallest distance, itself included: 1 at most, or 2 from 6 characters on. Among equals
 * one with the same letters (a letter not doubled is the commonest slip), then the same first letter, then the nearest
 * length, then the first of the list.
 */
function nearest(part: string, words: readonly string[]): string | undefined {
  const letters = Array.from(part);
  if (letters.length === 0) return undefined;
  const [first = ''] = letters;
  const wanted = new Set(letters);
  const bound = letters.length < 6 ? 1 : 2;
  let best: { word: string; rank: number } | undefined;
  for (const word of words) {
    const difference = Math.abs(word.length - letters.length);
    if (difference > bound) continue;
    const distance = alignment(letters, word);
    if (distance > bound) continue;
    const rank = distance * 1_000 + (sameLetters(wanted, word) ? 0 : 100) + (word.startsWith(first) ? 0 : 10) + difference;
    if (!best || rank < best.rank) best = { word, rank };
  }
  return best?.word;
}

/** Whether a word has these letters and no others, however often. */
function sameLetters(wanted: ReadonlySet<string>, word: string): boolean {
  const letters = new Set(word);
  return letters.size === wanted.size && [...letters].every((letter) => wanted.has(letter));
}

/** Optimal string alignment: insertions, removals, replacements, and neighbours swapped, each of cost 1. */
function alignment(from: readonly string[], to: string): number {
  let before: number[] = [];
  let above = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      let cost = Math.min(at(above, column) + 1, at(current, column - 1) + 1, at(above, column - 1) + (same ? 0 : 1));
      const swapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (swapped) cost = Math.min(cost, at(before, column - 2) + 1);
      current.push(cost);
    }
    before = above;
    above = current;
  }
  return at(above, to.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Infinity;
}
