/** Firefox, which brings no H.264 of its own here: word, control, chat and sound work, and it says what it cannot show. */

import { existsSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '../src/child';
import { arrives, Desk, sha256 } from '../src/files';
import { firefoxBecomes, launchFirefox, openInFirefox, textOf } from '../src/firefox';
import { FIREFOX } from '../src/paths';
import type { DeviceStats } from '../src/viewer';
import { expect, test } from './fixtures';

test.beforeAll(() => {
  if (!existsSync(FIREFOX)) throw new Error(`${FIREFOX} is missing: install Debian’s firefox-esr, or set WATCHWORD_FIREFOX.`);
});

test('Firefox: word, control, chat and sound, and a sentence about H.264', async ({ stage }) => {
  test.setTimeout(120_000);
  const device = await stage.device();
  const browser = await launchFirefox();
  stage.ends({ end: () => browser.close() });
  const page = await openInFirefox(browser, device.link);
  await firefoxBecomes(page, 'live', 20_000);

  await until('control answers', () => page.evaluate(() => window.tap.ask('ping').then(() => true, () => false)));
  const stats = (await page.evaluate(() => window.tap.ask('device.stats'))) as DeviceStats;
  expect(stats.viewers).toBe(1);
  const offered = await page.evaluate(() => window.tap.connections.at(-1)?.localDescription?.sdp ?? '');
  if (!/a=rtpmap:\d+ H264/.test(offered)) {
    await until('the page says that it cannot show H.264', async () => (await textOf(page, 'watchword-app')).includes('H.264') || (await allText(page)).includes('H.264'));
  }

  const heard = (): Promise<number> =>
    page.evaluate(async () => {
      let energy = 0;
      (await window.tap.connections.at(-1)?.getStats())?.forEach((entry: { type: string; kind?: string; totalAudioEnergy?: number; packetsReceived?: number }) => {
        if (entry.type === 'inbound-rtp' && entry.kind === 'audio') energy = entry.totalAudioEnergy ?? 0;
      });
      return energy;
    });
  const before = await heard();
  await until('sound is heard', async () => (await heard()) > before, { within: 10_000 });

  await page.evaluate(() => window.tap.ask('chat.send', { text: 'hello from Firefox' }));
  await until('the chat line is shown', async () => (await allText(page)).includes('hello from Firefox'));
});

test('Firefox starts within 500 ms of the proof, and within its own second where it hides host names', async ({ stage }) => {
  test.setTimeout(120_000);
  const device = await stage.device();
  for (const [obfuscate, most] of [[false, 500], [true, 1_600]] as const) {
    const browser = await launchFirefox({ 'media.peerconnection.ice.obfuscate_host_addresses': obfuscate });
    stage.ends({ end: () => browser.close() });
    const times: number[] = [];
    for (let n = 0; n < 4; n++) {
      const page = await openInFirefox(browser, device.link);
      await firefoxBecomes(page, 'live', 20_000);
      times.push(Math.round(await page.evaluate(() => {
        const at = (name: string): number => window.tap.states.find(([state]) => state === name)?.[1] ?? NaN;
        return at('live') - at('connecting');
      })));
      await page.close();
    }
    const sorted = times.toSorted((a, b) => a - b);
    console.log(`Firefox, host names ${obfuscate ? 'hidden (its default)' : 'shown'}: ms from proof to live ${sorted.join(' ')}`);
    expect(sorted[1], `median of ${sorted.join(' ')}`).toBeLessThan(most);
    await browser.close();
  }
});

/** All text of the page, shadow roots included. */
test('Firefox: files there and back, small and large, and a command', async ({ stage }) => {
  test.setTimeout(120_000);
  const more = ['[[commands]]', 'name = "lamp"', 'label = "Lamp"', 'run = ["/bin/echo", "the lamp is on"]'].join('\n');
  const device = await stage.device({ more });
  const desk = stage.ends(await Desk.make());
  const downloads = join(desk.directory, 'downloads');
  await mkdir(downloads);
  const browser = await launchFirefox({ 'browser.download.folderList': 2, 'browser.download.dir': downloads });
  stage.ends({ end: () => browser.close() });
  const word = await device.addWord('firefox', '--allow', 'watch,listen,files,upload,commands');
  const page = await openInFirefox(browser, `${device.url}#${word}`);
  await firefoxBecomes(page, 'live', 20_000);
  // On a screen as small as this one nothing is open at first.
  await page.locator('>>> button[name=open-chat]').click();
  await page.locator('>>> form[name=lamp] button').click();
  await until('the lamp is on', async () => (await allText(page)).includes('the lamp is on'));

  await page.locator('>>> button[name=open-files]').click();
  for (const [name, size] of [['small.bin', 100_000], ['large.bin', 9_000_000]] as const) {
    const source = await desk.file(name, size);
    const input = (await page.$('>>> input[name=files]'))?.toElement('input');
    await (await input)?.uploadFile(source);
    await arrives(device, name, source);
    const row = `>>> .list li[data-name="${name}"] .entry`;
    // A locator waits for changes of the document, and hears of none in a shadow root.
    await until(`${name} is listed`, async () => (await page.$(row)) !== null);
    await page.locator(row).click();
    // Firefox writes to a file of another name until it is whole.
    const whole = (): boolean => existsSync(join(downloads, name)) && statSync(join(downloads, name)).size === size;
    await until(`${name} is here`, whole, { within: 20_000 });
    expect(sha256(join(downloads, name))).toBe(sha256(source));
  }
});

async function allText(page: Awaited<ReturnType<typeof openInFirefox>>): Promise<string> {
  return await page.evaluate(() => {
    const read = (root: ParentNode & { textContent?: string | null }): string =>
      [root.textContent ?? '', ...[...root.querySelectorAll('*')].map((element) => (element.shadowRoot ? read(element.shadowRoot) : ''))].join(' ');
    return read(document.body);
  });
}
