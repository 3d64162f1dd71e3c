/** What the server learns of a session, and what it can do to one: nothing but to be in its way. */

import { decode, encode } from '../../../web/src/signal/base64url';
import { sleep, until } from '../src/child';
import type { Device } from '../src/daemon';
import { RendezvousProxy, type Tamper } from '../src/rendezvous-proxy';
import type { Message } from '../src/signaling';
import { expect, test, type Stage } from './fixtures';

/** How long a session that was tampered with is watched for not coming to be, milliseconds. */
const WATCH = 5_000;

interface Scene {
  proxy: RendezvousProxy;
  device: Device;
  link: string;
}

/** A device that reaches its server, and a page that comes, through the same false rendezvous. */
async function between(stage: Stage): Promise<Scene> {
  const server = await stage.server();
  const proxy = stage.ends(await RendezvousProxy.before(server));
  const device = await stage.device({ config: server.rendezvous(proxy.port) });
  return { proxy, device, link: `${proxy.url}#${device.word}` };
}

test('everything that passes through the rendezvous holds neither word, nor SDP, nor candidates', async ({ stage }) => {
  const { proxy, device, link } = await between(stage);
  const viewer = await stage.viewer();
  await viewer.open(link);
  await viewer.becomes('live');
  await viewer.pictureMoves();
  await sleep(1_000);

  const seen = [...proxy.recorded, ...proxy.requests, ...proxy.recorded.flatMap(unwrapped)].join('\n');
  // It is the whole session that was recorded: claim, knock, reply, proof and what was relayed.
  const types = new Set(proxy.recorded.map((text) => (JSON.parse(text) as Message).type));
  expect([...types]).toEqual(expect.arrayContaining(['welcome', 'claim', 'claimed', 'knock', 'reply', 'prove', 'relay']));
  expect(seen).toContain(device.place);

  const secret = device.word.slice(device.place.length + 1);
  for (const spelling of [device.word, secret, secret.replaceAll('-', ' '), secret.replaceAll('-', '')]) {
    expect(seen.includes(spelling), `the word as ${spelling}`).toBe(false);
    expect(seen.includes(Buffer.from(spelling).toString('base64url')), `the word, encoded`).toBe(false);
  }
  const descriptions = await viewer.page.evaluate(() => {
    const connection = window.tap.connections.at(-1);
    return [connection?.localDescription?.sdp ?? '', connection?.remoteDescription?.sdp ?? ''];
  });
  for (const description of descriptions) {
    expect(description).toContain('a=fingerprint');
    for (const line of description.split('\r\n').filter((line) => /^a=(fingerprint|ice-ufrag|ice-pwd|candidate):/.test(line))) {
      const value = line.slice(line.indexOf(':') + 1);
      expect(seen.includes(value), line).toBe(false);
    }
  }
  expect(seen).not.toMatch(/candidate:|a=fingerprint|ice-ufrag|m=video|typ host/);
});

/** One byte of the base64url field `name` is another. */
function altered(message: Message, name: string): Message {
  const bytes = decode(String(message[name]));
  const at = Math.floor(bytes.length / 2);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return { ...message, [name]: encode(bytes) };
}

/** Messages of this type and way are altered in one byte. */
const alter = (type: string, to: 'server' | 'client', field: string): Tamper => (message, leg, send) =>
  send(message.type === type && leg.to === to && field in message ? altered(message, field) : message);

/** Sealed messages come twice. */
const replay = (type: string, to: 'server' | 'client'): Tamper => (message, leg, send) => {
  send(message);
  if (message.type === type && leg.to === to) send(message);
};

/** Of each two sealed messages on a socket the second comes first. */
function reorder(to: 'server' | 'client'): Tamper {
  const held = new Map<number, Message>();
  return (message, leg, send) => {
    const first = held.get(leg.number);
    if (leg.to !== to || message.type !== 'relay') {
      send(message);
    } else if (first) {
      held.delete(leg.number);
      send(message);
      send(first);
    } else {
      held.set(leg.number, message);
    }
  };
}

/** Why each fails is in its name: the way, the message, and what was done to it. */
const TAMPERS: readonly [string, () => Tamper][] = [
  ['KE1 altered on its way to the device', () => alter('knock', 'server', 'ke1')],
  ['KE2 altered on its way to the viewer', () => alter('reply', 'client', 'ke2')],
  ['KE3 altered', () => alter('prove', 'server', 'ke3')],
  ['the sealed offer altered', () => alter('prove', 'server', 'sealed')],
  ['the device’s answer altered', () => alter('relay', 'client', 'sealed')],
  ['the device’s messages replayed', () => replay('relay', 'client')],
  ['the device’s messages reordered', () => reorder('client')],
  ['the session’s name changed to another', () => (message, leg, send) =>
    send(message.type === 'prove' && leg.to === 'client' ? { ...message, session: encode(new Uint8Array(16)) } : message)],
  ['the viewer’s place changed to another', () => (message, leg, send) =>
    send(message.type === 'knock' && leg.to === 'client' ? { ...message, viewer: encode(new Uint8Array(16)) } : message)],
];

for (const [name, tamper] of TAMPERS) {
  test(`fails closed: ${name}`, async ({ stage }) => {
    const { proxy, device, link } = await between(stage);
    proxy.tamper = tamper();
    const viewer = await stage.viewer();
    await viewer.open(link);
    await until('the page gets as far as its knock', () => viewer.sent.some(({ type }) => type === 'knock'));
    await viewer.staysOut('live', WATCH);
    const states = await viewer.page.evaluate(() => window.tap.connections.map((one) => one.connectionState));
    expect(states).not.toContain('connected');
    expect(device.log.join('\n')).not.toMatch(/panicked/);
    // Without the tampering the same device lets the same word in: nothing is stuck.
    proxy.tamper = undefined;
    const honest = await stage.viewer();
    await honest.open(link);
    await honest.becomes('live', 15_000);
  });
}

test('fails closed: two sessions’ messages swapped', async ({ stage }) => {
  const { proxy, link } = await between(stage);
  // The device's sealed answers to two viewers change places: each gets what was meant for the other.
  const held: { message: Message; send: (message: Message) => void }[] = [];
  proxy.tamper = (message, leg, send) => {
    if (message.type !== 'relay' || leg.to !== 'client') {
      send(message);
      return;
    }
    held.push({ message, send });
    const other = held.find((one) => one.message.session !== message.session);
    if (!other) return;
    const mine = held.pop();
    held.splice(held.indexOf(other), 1);
    mine?.send({ ...mine.message, sealed: other.message.sealed });
    other.send({ ...other.message, sealed: mine?.message.sealed });
  };
  const [first, second] = [await stage.viewer(), await stage.viewer()];
  await Promise.all([first.open(link), second.open(link)]);
  await until('answers to both were swapped', () => proxy.recorded.filter((text) => text.includes('"relay"')).length > 2);
  await Promise.all([first.staysOut('live', WATCH), second.staysOut('live', WATCH)]);
});

/** What the base64url fields of a message hold. */
function unwrapped(text: string): string[] {
  const message = JSON.parse(text) as Message;
  return ['ke1', 'ke2', 'ke3', 'sealed', 'pass', 'key', 'signature', 'challenge']
    .map((name) => message[name])
    .filter((value): value is string => typeof value === 'string')
    .map((value) => Buffer.from(value, 'base64url').toString('latin1'));
}
