import { expect, test } from 'vitest';
import { vectors } from '../vectors';
import { decode, encode } from './base64url';
import { decodeFromServer, MAX_MESSAGE } from './messages';
import { decodeSealed } from './sealed';

/** What only a device is sent. */
const FOR_DEVICES = new Set(['claimed', 'lost', 'knock', 'prove']);

test.each(vectors.messages.from_server)('from the server: $type', (message) => {
  const text = JSON.stringify(message);
  if (FOR_DEVICES.has(message.type)) {
    expect(() => decodeFromServer(text)).toThrow();
  } else {
    const decoded: Record<string, unknown> = { ...decodeFromServer(text) };
    // The challenge is for devices alone.
    expect({ challenge: (message as Record<string, unknown>).challenge, ...decoded }).toEqual({ challenge: undefined, ...message });
  }
});

test.each(vectors.messages.sealed)('sealed: $kind', (message) => {
  expect(decodeSealed(JSON.stringify(message))).toEqual(message);
});

test.each([
  '', 'nothing', 'null', '[]', '7', '{}', '{"type":"reply"}', '{"type":"claimed","place":"garden"}',
  '{"type":"reply","session":1,"device":"d","ke2":""}', '{"type":"welcome","v":-1,"handle":"h"}',
  '{"type":"welcome","v":1.5,"handle":"h"}', '{"type":"refused","code":"try-later"}',
  `{"type":"absent","place":"${'x'.repeat(MAX_MESSAGE)}"}`,
])('what is no message is refused: %.40s', (text) => {
  expect(() => decodeFromServer(text)).toThrow();
});

test.each(['null', '{}', '{"kind":"offer"}', '{"kind":"candidate","candidate":7}', '{"kind":"hello"}'])(
  'what is no sealed message is refused: %s',
  (text) => {
    expect(() => decodeSealed(text)).toThrow();
  },
);

test('fields and codes of a later version do no harm', () => {
  expect(decodeFromServer('{"type":"pong","new":1}')).toEqual({ type: 'pong' });
  const refusal = decodeFromServer('{"type":"refused","code":"brand-new","message":"Why."}');
  expect(refusal).toEqual({ type: 'refused', code: 'unavailable', message: 'Why.' });
});

test('bytes as text and back', () => {
  for (let length = 0; length < 70; length++) {
    const bytes = Uint8Array.from({ length }, (_, index) => (index * 37 + length) & 255);
    expect(decode(encode(bytes))).toEqual(bytes);
  }
  for (const text of ['A', 'AA==', 'A+A', 'A/A', 'AA\n', 'ä']) expect(() => decode(text)).toThrow();
});
