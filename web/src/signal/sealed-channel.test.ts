import { expect, test } from 'vitest';
import { channel } from '../seal/seal';
import type { Sealed } from './sealed';
import { Forged, SealedChannel } from './sealed-channel';

const ANSWER: Sealed = { kind: 'answer', sdp: 'v=0' };
const END: Sealed = { kind: 'end-of-candidates' };

async function ends(): Promise<{ viewer: SealedChannel; device: SealedChannel }> {
  const key = await crypto.subtle.importKey('raw', new Uint8Array(64).fill(7), 'HKDF', false, ['deriveKey']);
  const context = { place: 'garden', viewer: 'v', device: 'd', session: 's' };
  return {
    viewer: new SealedChannel(await channel(key, context, 'viewer')),
    device: new SealedChannel(await channel(key, context, 'device')),
  };
}

async function sealedBy(device: SealedChannel, ...messages: Sealed[]): Promise<string[]> {
  const sealed: string[] = [];
  await Promise.all(messages.map((message) => device.send(message, (text) => sealed.push(text))));
  return sealed;
}

test('messages are taken one after the other, in their order', async () => {
  const { viewer, device } = await ends();
  const [answer = '', end = ''] = await sealedBy(device, ANSWER, END);
  const heard: string[] = [];
  const slow = async ({ kind }: Sealed): Promise<void> => {
    heard.push(`${kind} begins`);
    await new Promise((resolve) => setTimeout(resolve, 5));
    heard.push(`${kind} ends`);
  };
  await Promise.all([viewer.receive(answer, slow), viewer.receive(end, slow)]);
  expect(heard).toEqual(['answer begins', 'answer ends', 'end-of-candidates begins', 'end-of-candidates ends']);
});

test('a message that comes twice is known for forged while the first is still being taken', async () => {
  const { viewer, device } = await ends();
  const [answer = ''] = await sealedBy(device, ANSWER);
  void viewer.receive(answer, () => new Promise(() => undefined));
  await expect(viewer.receive(answer, () => Promise.resolve())).rejects.toThrow(Forged);
});
