import { expect, test } from 'vitest';
import { decode, encode } from '../signal/base64url';
import { vectors } from '../vectors';
import { channel, type Context, type Role } from './seal';

const context: Context = { place: 'garden', viewer: 'v', device: 'd', session: 's' };

function sessionKey(raw: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', raw, 'HKDF', false, ['deriveKey']);
}

async function ends(): Promise<{ viewer: Awaited<ReturnType<typeof channel>>; device: Awaited<ReturnType<typeof channel>> }> {
  const key = await sessionKey(new Uint8Array(64).fill(7));
  return { viewer: await channel(key, context, 'viewer'), device: await channel(key, context, 'device') };
}

test.each(vectors.seal)('known answers of $role', async (vector) => {
  const { place, viewer, device, session } = vector;
  const key = await sessionKey(decode(vector.session_key));
  const role = vector.role as Role;
  const [sealer] = await channel(key, { place, viewer, device, session }, role);
  const [, opener] = await channel(key, { place, viewer, device, session }, role === 'viewer' ? 'device' : 'viewer');
  for (const { plaintext, sealed } of vector.messages) {
    const bytes = decode(plaintext);
    const text = new TextDecoder().decode(bytes);
    // The page seals texts only; what is none cannot be compared here.
    if (encode(new TextEncoder().encode(text)) !== plaintext) continue;
    expect(encode(await sealer.seal(text))).toBe(sealed);
    expect(await opener.open(decode(sealed))).toBe(text);
  }
});

test('calls that overlap keep their order', async () => {
  const { viewer, device } = await ends();
  const texts = Array.from({ length: 50 }, (_, index) => `message ${index}`);
  const sealed = await Promise.all(texts.map((text) => viewer[0].seal(text)));
  expect(await Promise.all(sealed.map((bytes) => device[1].open(bytes)))).toEqual(texts);
});

test('an altered message does not open, nor does anything after it', async () => {
  const { viewer, device } = await ends();
  const [first, second] = [await viewer[0].seal('one'), await viewer[0].seal('two')];
  const altered = first.slice();
  altered[0] = (altered[0] ?? 0) ^ 1;
  await expect(device[1].open(altered)).rejects.toThrow();
  await expect(device[1].open(first)).rejects.toThrow();
  await expect(device[1].open(second)).rejects.toThrow();
});

test('a repeated message, one out of order, and one of the own direction do not open', async () => {
  const repeated = await ends();
  const one = await repeated.viewer[0].seal('one');
  await repeated.device[1].open(one);
  await expect(repeated.device[1].open(one)).rejects.toThrow();

  const swapped = await ends();
  await swapped.viewer[0].seal('one');
  await expect(swapped.device[1].open(await swapped.viewer[0].seal('two'))).rejects.toThrow();

  const mirrored = await ends();
  await expect(mirrored.viewer[1].open(await mirrored.viewer[0].seal('one'))).rejects.toThrow();
});

test('another session has other keys', async () => {
  const key = await sessionKey(new Uint8Array(64).fill(7));
  const [sealer] = await channel(key, context, 'viewer');
  const [, opener] = await channel(key, { ...context, session: 'other' }, 'device');
  await expect(opener.open(await sealer.seal('one'))).rejects.toThrow();
});

test('what is too long is refused and takes no place in the order', async () => {
  const { viewer, device } = await ends();
  await expect(viewer[0].seal('x'.repeat(46 * 1024 + 1))).rejects.toThrow('too long');
  const text = 'y'.repeat(46 * 1024);
  expect(await device[1].open(await viewer[0].seal(text))).toBe(text);
});
