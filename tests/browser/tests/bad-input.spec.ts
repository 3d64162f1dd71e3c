/** What a stranger, a viewer or the owner can get wrong: a clear error, logged once, and a device that goes on. */

import { createServer } from 'node:net';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { once, run } from '../src/child';
import { Device, SMALL, toml } from '../src/daemon';
import { Line, ProvedSession } from '../src/signaling';
import { expect, test } from './fixtures';

/** Largest signaling message, bytes. */
const MAX_MESSAGE = 64 * 1024;

/** The device serves as before: a right word gets in, and nothing panicked. */
async function unharmed(device: Device, viewer: { open(link: string): Promise<void>; becomes(state: 'live', within: number): Promise<void> }): Promise<void> {
  await viewer.open(device.link);
  await viewer.becomes('live', 10_000);
  expect(device.child.running).toBe(true);
  expect(device.log.join('\n')).not.toMatch(/panicked/);
}

/** What was logged since `before` lines that is a warning or an error. */
function warnings(device: Device, before: number): string[] {
  return device.log.slice(before).filter((line) => /\b(WARN|ERROR)\b/.test(line));
}

const STRANGERS: readonly { name: string; says: string | object; code: string }[] = [
  { name: 'malformed JSON', says: '{"type":"knock",', code: 'malformed' },
  { name: 'JSON that is no object', says: '[1,2,3]', code: 'malformed' },
  { name: 'a missing field', says: { type: 'knock', v: 1, place: 'garden' }, code: 'malformed' },
  { name: 'bytes in another alphabet', says: { type: 'relay', session: 'x', sealed: '+/+/' }, code: 'malformed' },
  { name: 'an unknown message', says: { type: 'fly', to: 'the moon' }, code: 'unknown-message' },
  { name: 'another version', says: { type: 'knock', v: 99, place: 'garden', ke1: 'AAAA' }, code: 'wrong-version' },
  { name: 'a place that is none', says: { type: 'knock', v: 1, place: '../etc', ke1: 'AAAA' }, code: 'bad-place' },
  { name: 'a relay before any knock', says: { type: 'relay', session: 'AAAAAAAAAAAAAAAAAAAAAA', sealed: 'AAAA' }, code: 'wrong-role' },
];

for (const { name, says, code } of STRANGERS) {
  test(`a stranger sends ${name}`, async ({ stage }) => {
    const device = await stage.device();
    const before = device.log.length;
    const line = await Line.open(device.url);
    line.send(says);
    line.send(says);
    const refused = await line.next('refused');
    expect(refused).toMatchObject({ type: 'refused', code });
    expect(String(refused.message)).toMatch(/^[A-Z][^\n]{15,}\.$/);
    line.close();
    expect(warnings(device, before).length, `logged once:\n${device.log.join('\n')}`).toBeLessThanOrEqual(1);
    await unharmed(device, await stage.viewer());
  });
}

test('a stranger in the wrong role: a viewer that replies, a device that is none', async ({ stage }) => {
  const device = await stage.device();
  const line = await Line.open(device.url);
  line.send({ type: 'knock', v: 1, place: device.place, ke1: 'AAAA' });
  line.send({ type: 'reply', session: 'AAAAAAAAAAAAAAAAAAAAAA', ke2: 'AAAA' });
  const codes = [await line.next('refused'), await line.next('refused')].map(({ code }) => code);
  expect(codes).toContain('wrong-role');
  const thief = await Line.open(device.url);
  thief.send({ type: 'claim', v: 1, place: device.place, key: 'A'.repeat(43), signature: 'A'.repeat(86) });
  expect(await thief.next('refused')).toMatchObject({ code: 'bad-claim' });
  await unharmed(device, await stage.viewer());
});

test('a message that is too large is refused, and one beyond all measure ends its socket', async ({ stage }) => {
  const device = await stage.device();
  const before = device.log.length;
  const line = await Line.open(device.url);
  line.send({ type: 'knock', v: 1, place: device.place, ke1: 'A'.repeat(MAX_MESSAGE) });
  expect(await line.next('refused')).toMatchObject({ code: 'too-large' });
  line.send({ type: 'knock', v: 1, place: device.place, ke1: 'A'.repeat(16 * MAX_MESSAGE) });
  expect([1006, 1008, 1009]).toContain(await line.closed);
  expect(warnings(device, before).length).toBeLessThanOrEqual(1);
  await unharmed(device, await stage.viewer());
});

test('KE1 that is no point of the curve, and a KE3 that proves nothing', async ({ stage }) => {
  const device = await stage.device();
  const line = await Line.open(device.url);
  line.send({ type: 'knock', v: 1, place: device.place, ke1: 'A'.repeat(128) });
  const refused = await line.next('refused');
  expect(refused.message).toBeTruthy();
  const { client, ready } = await import('@serenity-kit/opaque');
  await ready;
  const other = await Line.open(device.url);
  const { startLoginRequest } = client.startLogin({ password: device.word });
  other.send({ type: 'knock', v: 1, place: device.place, ke1: startLoginRequest });
  const { session } = await other.next('reply');
  other.send({ type: 'prove', session, ke3: 'A'.repeat(86), sealed: 'AAAA' });
  expect(await other.next('refused')).toMatchObject({ code: 'proof-failed' });
  await unharmed(device, await stage.viewer());
});

/** An offer with the sections that are asked for, as a browser would write it. */
function offer(...media: readonly ('video' | 'audio' | 'control')[]): { kind: 'offer'; sdp: string } {
  const common = (mid: number): string[] => [
    'c=IN IP4 0.0.0.0', 'a=ice-ufrag:abcd', `a=ice-pwd:${'p'.repeat(24)}`, 'a=ice-options:trickle',
    `a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`, 'a=setup:actpass', `a=mid:${mid}`,
  ];
  const sections = media.map((kind, mid) => ({
    video: ['m=video 9 UDP/TLS/RTP/SAVPF 102', ...common(mid), 'a=recvonly', 'a=rtcp-mux', 'a=rtpmap:102 H264/90000',
      'a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f'],
    audio: ['m=audio 9 UDP/TLS/RTP/SAVPF 111', ...common(mid), 'a=recvonly', 'a=rtcp-mux', 'a=rtpmap:111 opus/48000/2'],
    control: ['m=application 9 UDP/DTLS/SCTP webrtc-datachannel', ...common(mid), 'a=sctp-port:5000', 'a=max-message-size:262144'],
  })[kind]);
  const bundle = media.map((_, mid) => mid).join(' ');
  const session = ['v=0', 'o=- 1 2 IN IP4 127.0.0.1', 's=-', 't=0 0', `a=group:BUNDLE ${bundle}`];
  return { kind: 'offer', sdp: `${[...session, ...sections.flat()].join('\r\n')}\r\n` };
}

test('an offer as it should be is answered', async ({ stage }) => {
  const device = await stage.device();
  const session = await ProvedSession.begin(device.url, device.word);
  await session.prove(offer('audio', 'video', 'control'));
  expect(String((await session.next('answer')).sdp)).toContain('H264/90000');
});

const OFFERS: readonly [string, unknown, RegExp][] = [
  ['an offer of sound without video', offer('audio', 'control'), /picture|video/],
  ['an offer without a control channel', offer('audio', 'video'), /control|data channel/],
  ['an offer that is no description', { kind: 'offer', sdp: 'hello' }, /description/],
  ['an offer that is too large', { kind: 'offer', sdp: `v=0\r\na=${'x'.repeat(40_000)}\r\n` }, /larger|description/],
  ['an answer where an offer belongs', { kind: 'answer', sdp: 'v=0' }, /offer/],
  ['no message of ours at all', { kind: 'song' }, /./],
];

for (const [name, first, sentence] of OFFERS) {
  test(`a viewer that proved its word sends ${name}`, async ({ stage }) => {
    const device = await stage.device();
    const before = device.log.length;
    const session = await ProvedSession.begin(device.url, device.word);
    await session.prove(first);
    const said = await Promise.race([
      session.next('answer').then(() => 'an answer', (error: unknown) => (error as Error).message),
      session.line.next('refused').then(({ message }) => String(message)),
    ]);
    expect(said).toMatch(sentence);
    expect(warnings(device, before).length, device.log.join('\n')).toBeLessThanOrEqual(1);
    await unharmed(device, await stage.viewer());
  });
}

test('a second offer ends the session with a sentence, and not the device', async ({ stage }) => {
  const device = await stage.device();
  const session = await ProvedSession.begin(device.url, device.word);
  await session.prove(offer('audio', 'video', 'control'));
  await session.next('answer');
  await session.relay(offer('audio', 'video', 'control'));
  await expect(session.next('answer')).rejects.toThrow(/offer/);
  await unharmed(device, await stage.viewer());
});

test('on the control channel: unknown methods, wrong parameters, no JSON, too much', async ({ stage }) => {
  const device = await stage.device();
  const viewer = await stage.viewer();
  await viewer.open(device.link);
  await viewer.becomes('live');
  await expect(viewer.ask('no.such.method')).rejects.toThrow(/-32601/);
  await expect(viewer.ask('chat.send', { text: 7 })).rejects.toThrow(/-32602/);
  await expect(viewer.ask('chat.send', { text: 'x'.repeat(5_000) })).rejects.toThrow(/-32602/);
  const answered = (text: string): Promise<string> =>
    viewer.page.evaluate((text) => new Promise<string>((resolve) => {
      const channel = window.tap.channels.at(-1);
      const listen = (event: MessageEvent<string>): void => {
        if (!event.data.includes('"error"')) return;
        channel?.removeEventListener('message', listen);
        resolve(event.data);
      };
      channel?.addEventListener('message', listen);
      channel?.send(text);
    }), text);
  expect(await answered('{"jsonrpc"')).toContain('-32700');
  expect(await answered('{"jsonrpc":"1.0","id":1,"method":"ping"}')).toContain('-32600');
  expect(await answered('[{"jsonrpc":"2.0","id":1,"method":"ping"}]')).toContain('-32600');
  await viewer.ask('ping');
  expect(device.log.join('\n')).not.toMatch(/panicked/);
});

/** `watchword run` with a configuration that cannot be: how it ends, and what it says. */
async function fails(device: Device, configuration: string): Promise<{ code: number | null; said: string; lines: number }> {
  await writeFile(join(device.directory, 'config.toml'), configuration);
  const { code, child } = await run(device.command('run', '--new-word'), device.environment);
  return { code, said: child.err.join('\n'), lines: child.err.length };
}

test('a configuration with a slip is refused with the key that was meant', async ({ stage }) => {
  const device = stage.ends(await Device.prepare());
  const { code, said, lines } = await fails(device, '[video]\nwidht = 640\n');
  expect(code).toBe(2);
  expect(said).toMatch(/config\.toml/);
  expect(said).toMatch(/line 2/);
  expect(said).toMatch(/did you mean `width`/);
  expect(lines).toBe(1);
});

test('a configuration with values that cannot be is refused', async ({ stage }) => {
  const device = stage.ends(await Device.prepare());
  for (const [text, says] of [
    ['[video]\nfps = 0\n', /fps/],
    ['[video]\nrotation = 45\n', /rotation/],
    ['[server]\nlisten = "everywhere"\n', /line 2: .*address/],
    ['[server]\nplain = true\nlisten = "0.0.0.0:0"\n', /loopback/],
    ['[rendezvous]\nurl = "http://example.org/"\n', /url/],
    ['not toml', /line 1/],
  ] as const) {
    const { code, said } = await fails(device, text);
    expect(code, said).not.toBe(0);
    expect(said).toMatch(says);
    expect(said).not.toMatch(/panicked/);
  }
});

test('a port in use is named, with what to do', async ({ stage }) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as { port: number };
  const device = stage.ends(await Device.prepare());
  const { code, said } = await fails(device, toml({ ...SMALL, server: { listen: `127.0.0.1:${port}`, stun: '' } }));
  taken.close();
  expect(code).toBe(1);
  expect(said).toContain(`port ${port} is in use`);
  expect(said.match(/in use/g), 'said once').toHaveLength(1);
});

test('a camera that does not exist: the viewer is told, the session stays, and it is logged once', async ({ stage }) => {
  const device = await stage.device({ config: { video: { source: '/dev/video-none', linger: 0.5 } } });
  const before = device.log.length;
  const viewer = await stage.viewer();
  await viewer.open(device.link);
  await expect(viewer.app).toContainText('/dev/video-none', { timeout: 10_000 });
  await viewer.page.waitForTimeout(6_000);
  await viewer.ask('ping');
  const audio = async (): Promise<number> => (await viewer.received('audio'))?.packetsReceived ?? 0;
  const heard = await audio();
  await expect.poll(audio, 'sound goes on').toBeGreaterThan(heard + 10);
  const about = device.log.slice(before).filter((line) => line.includes('/dev/video-none') && /WARN|ERROR/.test(line));
  expect(about, 'logged once, though it is tried again and again').toHaveLength(1);
});
