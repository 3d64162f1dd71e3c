import { expect, test } from 'vitest';
import { Credit, Window, WINDOW } from './credit';

test('a sender takes what it was given, and waits for more', async () => {
  const credit = new Credit(100);
  credit.give(90);
  let taken: number | undefined;
  const taking = credit.take(100, 50).then((count) => (taken = count));
  await Promise.resolve();
  expect(taken).toBeUndefined();
  credit.give(120);
  await taking;
  expect(taken).toBe(20);
  credit.give(110);
  credit.give(1_000);
  expect(await credit.take(120, 50)).toBe(50);
});

test('a receiver gives as far ahead as its window, again when it is worth it, and to the very end', () => {
  const size = 3 * WINDOW + 7;
  const window = new Window(size, 0);
  expect(window.next()).toBe(WINDOW);
  expect(window.next()).toBeUndefined();
  expect(window.took(WINDOW)).toBe(true);
  window.putAway(1_000);
  expect(window.next(), 'not for a thousand bytes').toBeUndefined();
  window.putAway(WINDOW - 1_000);
  expect(window.next()).toBe(2 * WINDOW);
  window.putAway(WINDOW);
  window.putAway(WINDOW - 100_000);
  expect(window.next()).toBe(size);
  expect(window.next()).toBeUndefined();
});

test('more than was allowed is more than was allowed', () => {
  const window = new Window(10, 0);
  expect(window.took(1), 'before any credit').toBe(false);
  const other = new Window(10, 4);
  expect(other.next()).toBe(10);
  expect(other.took(6)).toBe(true);
  expect(other.took(1)).toBe(false);
  expect(new Window(0, 0).next(), 'an empty file needs none').toBeUndefined();
});
