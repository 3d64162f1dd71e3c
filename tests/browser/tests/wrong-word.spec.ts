/** A wrong word: the sentence, nothing of the viewer's given away, and no harm to those who know the right one. */

import { readFileSync } from 'node:fs';
import { ROOT } from '../src/paths';
import { expect, test } from './fixtures';

const WORDS = new Set(readFileSync(`${ROOT}web/src/word/words.txt`, 'utf8').split(/\s+/));

test('a wrong word gets its sentence, sends no offer, and slows the next guess; others get in at once', async ({ stage }) => {
  // Guesses are counted by address: the guesser and the owner have one each.
  const network = await stage.network('ww-e2e-word');
  const device = await stage.device({ namespace: network.a.namespace, address: network.a.address });
  const wrong = `${device.place}-otter-violin-cobalt`;
  expect(wrong).not.toBe(device.word);
  const guesser = await stage.viewer(await stage.chromium(network.b.namespace));
  await guesser.open(device.url);
  await guesser.becomes('idle');
  await guesser.type(wrong);
  await guesser.becomes('refused');
  await expect(guesser.status).toContainText(/word/i);
  expect(guesser.sent.map(({ type }) => type), 'a proof carries the offer').not.toContain('prove');

  // Each guess makes the wait before the next one longer (1 s, 2 s, 4 s ...): soon one comes too early and is told so.
  await expect(async () => {
    await guesser.type(wrong);
    await guesser.becomes('refused');
    await expect(guesser.status).toContainText(/\b\d+ s/, { timeout: 100 });
  }).toPass({ timeout: 40_000, intervals: [0] });

  const owner = await stage.viewer(await stage.chromium(network.a.namespace));
  await owner.open(device.link);
  await owner.becomes('live', 5_000);
  await owner.pictureMoves();
  expect(device.log.filter((line) => /wrong word|guess/i.test(line)), 'the device counts it').not.toEqual([]);
  expect(device.log.join('\n')).not.toContain(wrong);
});

test('after a wrong word the page does not try again by itself', async ({ stage }) => {
  const device = await stage.device();
  const guesser = await stage.viewer();
  await guesser.open(device.url);
  await guesser.type(`${device.place}-otter-violin-cobalt`);
  await guesser.becomes('refused');
  const knocks = (): number => guesser.sent.filter(({ type }) => type === 'knock').length;
  const before = knocks();
  await guesser.page.waitForTimeout(6_000);
  expect(knocks()).toBe(before);
  expect(await guesser.state()).toBe('refused');
});

test('a word with a slip of the finger is offered as it was probably meant', async ({ stage }) => {
  const device = await stage.device();
  const viewer = await stage.viewer();
  await viewer.open(device.url);
  await viewer.type(slipped(device.word));
  await expect(viewer.app).toContainText(device.word);
});

test('somebody who knows the place cannot lock the owner out of a browser that was in', async ({ stage }) => {
  test.setTimeout(120_000);
  const device = await stage.device();
  const owner = await stage.viewer();
  await owner.open(device.link);
  await owner.becomes('live');
  await owner.page.goto('about:blank');
  // Until a guesser is told to wait for long enough that a stranger who comes next has to wait as well.
  await expect(async () => {
    const guesser = await stage.viewer();
    await guesser.open(device.url);
    await guesser.type(`${device.place}-otter-violin-cobalt`);
    await guesser.becomes('refused');
    const wait = /\b(\d+) s/.exec(await guesser.status.innerText())?.[1];
    expect(Number(wait ?? 0), 'seconds to wait').toBeGreaterThanOrEqual(5);
  }).toPass({ timeout: 90_000, intervals: [0] });
  const stranger = await stage.viewer();
  await stranger.open(device.link);
  await stranger.becomes('refused');
  await owner.open(device.link);
  await owner.becomes('live', 5_000);
});

/** The word with two neighbouring letters in each other's place, so that one part of it is in no list of words. */
function slipped(word: string): string {
  const parts = word.split('-');
  for (let n = 1; n < parts.length; n++) {
    const part = parts[n] ?? '';
    for (let at = 1; at + 2 <= part.length; at++) {
      const slip = part.slice(0, at) + part.slice(at + 1, at + 2) + part.slice(at, at + 1) + part.slice(at + 2);
      if (slip !== part && !WORDS.has(slip)) return parts.with(n, slip).join('-');
    }
  }
  throw new Error('no slip of this word is none of the list');
}
