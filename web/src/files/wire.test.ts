import { expect, test } from 'vitest';
import { Nonsense, readEntry, readGetReady, readMessage, readPage, readPutReady, STEP } from './wire';

const FILE = { name: 'a', kind: 'file', size: 3, modified_ms: 5, writable: true };

test('a page is read with care', () => {
  const odd = [null, 7, { ...FILE, name: 7 }, { ...FILE, name: '' }, { ...FILE, kind: 'socket' }];
  expect(readPage({ entries: [FILE, ...odd, { ...FILE, kind: 'folder', size: -1, modified_ms: 'x' }], more: true })).toEqual({
    entries: [
      { name: 'a', folder: false, size: 3, modifiedMs: 5, writable: true },
      { name: 'a', folder: true, size: 0, modifiedMs: 0, writable: true },
    ],
    more: true,
  });
  for (const value of [undefined, null, 7, [], { entries: 7 }]) expect(readPage(value)).toEqual({ entries: [], more: false });
  expect(readEntry(undefined)).toBeUndefined();
});

test('where to go on is a multiple of a step, or the end', () => {
  expect(readPutReady({ transfer: 'x', offset: STEP, before: 'ab' }, 3 * STEP)).toEqual({ transfer: 'x', offset: STEP, before: 'ab' });
  expect(readPutReady({ transfer: 'x', offset: 7 }, 7).offset).toBe(7);
  for (const value of [null, {}, { transfer: 7, offset: 0 }, { transfer: '', offset: 0 }, { transfer: 'x', offset: 7 },
    { transfer: 'x', offset: 2 * STEP }, { transfer: 'x', offset: -1 }, { transfer: 'x', offset: 0.5 }, { transfer: 'x'.repeat(999), offset: 0 }]) {
    expect(() => readPutReady(value, STEP), JSON.stringify(value)).toThrow(Nonsense);
  }
  expect(readGetReady({ transfer: 'x', size: 5, offset: 0, version: 'v' })).toEqual({ transfer: 'x', size: 5, offset: 0, version: 'v' });
  expect(() => readGetReady({ transfer: 'x', size: 5, offset: 6, version: 'v' })).toThrow(Nonsense);
});

test.each([
  ['{"type":"credit","until":5}', { type: 'credit', until: 5 }],
  ['{"type":"end","hash":"ab"}', { type: 'end', hash: 'ab' }],
  ['{"type":"done","more":1}', { type: 'done' }],
  ['{"type":"failed","code":-32004,"message":"full"}', { type: 'failed', code: -32004, message: 'full' }],
  ['{"type":"failed"}', { type: 'failed', code: -32005, message: '' }],
  ['{"type":"credit","until":-5}', undefined],
  ['{"type":"credit","until":1e300}', undefined],
  ['{"type":"brand-new"}', undefined],
  ['[]', undefined],
  ['{', undefined],
])('%s', (text, message) => expect(readMessage(text)).toEqual(message));
