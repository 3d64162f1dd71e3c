/** What a word allows, for how long, and to whom; and the chat among those who are here. */

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Device } from '../src/daemon';
import { expect, test } from './fixtures';

/** What the owner does takes effect within this time, milliseconds. */
const AT_ONCE = 5_000;

test('two viewers chat: names, who is here, links, and the history for one who comes later', async ({ stage }) => {
  const device = await stage.device();
  const [ada, ben] = [await stage.viewer(), await stage.viewer()];
  for (const viewer of [ada, ben]) {
    await viewer.open(device.link);
    await viewer.becomes('live');
  }
  await ada.page.locator('input[name=name]').fill('Ada');
  await ada.page.locator('input[name=name]').press('Enter');
  await expect(ben.page.locator('.here')).toContainText('Ada');
  await ada.page.locator('input[name=chat]').fill('look at https://example.org/a?b=c, <i>please</i>');
  await ada.page.locator('input[name=chat]').press('Enter');
  const line = ben.page.locator('ol.messages > li').last();
  await expect(line).toContainText('look at https://example.org/a?b=c, <i>please</i>');
  await expect(line.locator('a')).toHaveAttribute('href', 'https://example.org/a?b=c');
  await expect(line.locator('a')).toHaveAttribute('rel', /noopener/);

  await ben.page.locator('input[name=chat]').fill('/who');
  await ben.page.locator('input[name=chat]').press('Enter');
  await expect(ben.page.locator('ol.messages > li.reply').last()).toContainText('viewer 2 (you)');
  await expect(ada.page.locator('ol.messages > li'), 'the answer is for ben alone').toHaveCount(1);

  const late = await stage.viewer();
  await late.open(device.link);
  await late.becomes('live');
  await expect(late.page.locator('ol.messages > li')).toHaveCount(1);
  await expect(late.page.locator('ol.messages > li')).toContainText('Ada');
  await expect(late.page.locator('.here')).toContainText('(you)');
  await ben.leave();
  await expect(late.page.locator('.here')).not.toContainText('viewer 2', { timeout: 10_000 });
});

test('a message that nobody sees makes a sound where that is wished, and the wish is remembered', async ({ stage }) => {
  const device = await stage.device();
  const [ada, ben] = [await stage.viewer(), await stage.viewer()];
  await ada.context.addInitScript(() => {
    const start = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function (when) {
      document.documentElement.dataset.sounds = String(Number(document.documentElement.dataset.sounds ?? 0) + 1);
      start.call(this, when);
    };
  });
  for (const viewer of [ada, ben]) {
    await viewer.open(device.link);
    await viewer.becomes('live');
  }
  const sounds = (): Promise<number> => ada.page.evaluate(() => Number(document.documentElement.dataset.sounds ?? 0));
  const badge = ada.page.locator('button[name=open-chat] .unread');
  await ada.page.locator('button[name=open-chat]').click();
  await ben.ask('chat.send', { text: 'one' });
  await expect(badge).toHaveText('1');
  expect(await sounds(), 'nobody wished for it').toBe(0);
  await ada.page.locator('button[name=open-chat]').click();
  const toggle = ada.page.locator('button[name=chat-sound]');
  await toggle.click();
  await expect(toggle).toHaveAttribute('aria-pressed', 'true');
  await expect.poll(sounds, { message: 'it is heard once what it will be like' }).toBe(1);
  await ben.ask('chat.send', { text: 'two' });
  await expect(ada.page.locator('ol.messages')).toContainText('two');
  expect(await sounds(), 'the chat is seen').toBe(1);
  await ada.page.locator('button[name=open-chat]').click();
  await ben.ask('chat.send', { text: 'three' });
  await expect.poll(sounds).toBe(2);
  await ada.page.reload({ waitUntil: 'commit' });
  await ada.becomes('live');
  await expect(toggle).toHaveAttribute('aria-pressed', 'true');
});

test('a word allows what its owner granted, and nothing else; acts are recorded, and what was said is not', async ({ stage }) => {
  const device = await stage.device();
  const silent = await device.addWord('silent', '--allow', 'listen');
  const viewer = await stage.viewer();
  await viewer.open(`${device.url}#${silent}`);
  await viewer.becomes('live');
  await expect.poll(async () => (await viewer.received('audio'))?.packetsReceived ?? 0).toBeGreaterThan(10);
  expect((await viewer.received('video'))?.packetsReceived ?? 0, 'no picture is sent').toBe(0);
  await expect(viewer.page.locator('.chat')).toContainText('does not allow the chat');
  for (const [method, params] of [['chat.send', { text: 'the secret plan' }], ['chat.history', {}], ['files.list', {}], ['command.list', {}]] as const) {
    await expect(viewer.ask(method, params), method).rejects.toThrow(/-32000/);
  }
  const chatting = await stage.viewer();
  await chatting.open(device.link);
  await chatting.becomes('live');
  await chatting.ask('chat.send', { text: 'the other secret plan' });
  const told = await viewer.page.evaluate(() => window.tap.heard);
  expect(Object.keys(told), 'who may not chat does not hear it').not.toContain('chat.message');

  const audit = await readFile(join(device.directory, 'audit.jsonl'), 'utf8');
  const acts = audit.trim().split('\n').map((line) => JSON.parse(line) as { word: string; what: string; refused?: number });
  expect(acts).toContainEqual(expect.objectContaining({ word: 'silent', what: 'chat.send', refused: -32000 }));
  expect(acts).toContainEqual(expect.objectContaining({ word: 'test', what: 'chat.send' }));
  expect(audit).not.toContain('plan');
});

test('a removed word, a replaced one, and a session ended by its owner: each is told why, and does not come back', async ({ stage }) => {
  const device = await stage.device();
  const endings: [string, (label: string) => Promise<unknown>, RegExp][] = [
    ['removed', (label) => device.owner('word', 'remove', label), /removed this word/],
    ['replaced', (label) => device.owner('word', 'rotate', label), /replaced this word/],
    ['ended', async () => device.owner('sessions', '--end', await onlySession(device)), /ended this session/],
  ];
  for (const [label, end, why] of endings) {
    const word = await device.addWord(label);
    const viewer = await stage.viewer();
    await viewer.open(`${device.url}#${word}`);
    await viewer.becomes('live');
    await end(label);
    await viewer.becomes('refused', AT_ONCE);
    await expect(viewer.status).toContainText(why);
    await viewer.leave();
  }
});

test('who comes back with a word that was replaced meanwhile is told so', async ({ stage }) => {
  const device = await stage.device();
  const viewer = await stage.viewer();
  await viewer.open(device.link);
  await viewer.becomes('live');
  await device.kill();
  await device.owner('word', 'rotate', 'test');
  await device.start();
  await viewer.becomes('refused', 20_000);
  await expect(viewer.status).toContainText(/right until now.*replaced/);
});

test('a word that has ended ends its sessions, and lets nobody in', async ({ stage }) => {
  const device = await stage.device();
  const word = await device.addWord('short', '--for', '1h');
  await device.stop();
  // The hour is over soon.
  const words = join(device.directory, 'words.json');
  const kept = JSON.parse(await readFile(words, 'utf8')) as { label: string; expires?: number }[];
  const soon = Math.ceil(Date.now() / 1_000) + 6;
  await writeFile(words, JSON.stringify(kept.map((entry) => (entry.label === 'short' ? { ...entry, expires: soon } : entry))));
  await device.start();
  const viewer = await stage.viewer();
  await viewer.open(`${device.url}#${word}`);
  await viewer.becomes('live', 5_000);
  await viewer.becomes('refused', 6_000 + AT_ONCE);
  await expect(viewer.status).toContainText(/time of this word is over/);
  const late = await stage.viewer();
  await late.open(`${device.url}#${word}`);
  await late.becomes('refused');
  await expect(late.status).toContainText(/has ended/);
});

test('a word for one viewer keeps the second waiting', async ({ stage }) => {
  const device = await stage.device();
  const word = await device.addWord('single', '--viewers', '1');
  const [first, second] = [await stage.viewer(), await stage.viewer()];
  await first.open(`${device.url}#${word}`);
  await first.becomes('live');
  await second.open(`${device.url}#${word}`);
  await second.becomes('refused');
  await expect(second.status).toContainText(/as many viewers as this word allows/);
});

async function onlySession(device: Device): Promise<string> {
  const sessions = JSON.parse((await device.owner('sessions', '--json')).join('\n')) as { session: string; label: string }[];
  expect(sessions.map(({ label }) => label)).toEqual(['ended']);
  return sessions[0]?.session ?? '';
}
