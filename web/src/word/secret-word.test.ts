import { expect, test } from 'vitest';
import { vectors } from '../vectors';
import { normalise, parseWord } from './secret-word';
import { loadWords, suggest } from './suggest';

test.each(vectors.words)('a word as typed: %j', (vector) => {
  const parsed = parseWord(vector.text);
  if ('error' in vector) expect(parsed).toBe(vector.error);
  else expect(parsed).toEqual({ place: vector.place, phrase: vector.phrase });
});

test('what is normal stays as it is', () => {
  for (const { text } of vectors.words) expect(normalise(normalise(text))).toBe(normalise(text));
});

test('the list is the whole of EFF’s long one', async () => {
  const words = await loadWords();
  expect(words).toHaveLength(7_776);
  // Without its hyphen “yo-yo” is “yoyo”, which the list has too.
  expect(new Set(words).size).toBe(7_775);
  expect(words.every((word) => /^[a-z]{3,9}$/.test(word))).toBe(true);
});

test.each(vectors.suggestions)('what was probably meant: %j', async ({ text, meant }) => {
  expect(suggest(text, await loadWords()) ?? null).toBe(meant);
});
