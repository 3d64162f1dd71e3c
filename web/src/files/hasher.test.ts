import { blake3 } from 'hash-wasm';
import { expect, test } from 'vitest';
import { HashedFile } from './hasher';
import { STEP } from './wire';

const bytes = new Uint8Array(3 * STEP + 100).map((_, n) => (n * 31 + (n >> 13)) % 251);
const whole = await blake3(bytes);

test('BLAKE3 is BLAKE3', async () => {
  // Of the official test vectors: no bytes.
  expect(await new HashedFile(new Blob([])).hash()).toBe('af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262');
});

test('read from its beginning to its end, a file is hashed as it is read', async () => {
  const file = new HashedFile(new Blob([bytes]));
  const read: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    const piece = new Uint8Array(await file.read(at));
    expect(Buffer.compare(piece, bytes.subarray(at, at + piece.length))).toBe(0);
    read.push(piece.length);
    at += piece.length;
  }
  expect(read).toEqual([STEP, STEP, STEP, 100]);
  expect(await file.hash()).toBe(whole);
  expect(await file.hash()).toBe(whole);
});

test('read from its middle, in part, or twice: the hash is that of the whole', async () => {
  const later = new HashedFile(new Blob([bytes]));
  await later.read(2 * STEP);
  await later.read(3 * STEP);
  expect(await later.hash()).toBe(whole);
  const twice = new HashedFile(new Blob([bytes]));
  for (const at of [0, STEP, 0, 3 * STEP, STEP, 2 * STEP]) await twice.read(at);
  expect(await twice.hash()).toBe(whole);
  expect(await new HashedFile(new Blob([bytes])).hash()).toBe(whole);
});

test('the step before an offset', async () => {
  expect(await new HashedFile(new Blob([bytes])).tail(2 * STEP)).toBe(await blake3(bytes.slice(STEP, 2 * STEP)));
});
