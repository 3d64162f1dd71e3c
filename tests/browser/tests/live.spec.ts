/** The main job: a link or a word in a real browser shows and plays the device's camera. */

import { until } from '../src/child';
import { SMALL } from '../src/daemon';
import { cores, threadNames } from '../src/observe';
import { expect, test } from './fixtures';

test('a link with the word: picture at the source’s rate, sound after a touch, chat', async ({ stage }) => {
  const device = await stage.device();
  const viewer = await stage.viewer();
  await viewer.open(device.link);
  await viewer.becomes('live');
  expect(viewer.page.url(), 'the word leaves the address bar').toBe(device.url);

  // A machine that has other things to do for a moment shows less: one undisturbed window is what counts.
  await expect(async () => {
    const rate = await viewer.frameRate(3_000);
    expect(rate, 'frames decoded a second').toBeGreaterThan(28);
    expect(rate, 'frames decoded a second').toBeLessThan(32);
  }).toPass({ timeout: 20_000, intervals: [0] });
  const code = await until('a picture with its time is shown', () => viewer.timeCode());
  expect(Math.abs(Date.now() - code), 'milliseconds since the picture was taken').toBeLessThan(1_000);

  const video = viewer.page.locator('video').first();
  expect(await video.evaluate((video: HTMLVideoElement) => video.muted), 'muted before the first touch').toBe(true);
  await viewer.page.locator('button[name=sound]').first().click();
  await expect.poll(() => video.evaluate((video: HTMLVideoElement) => video.muted)).toBe(false);
  const energy = async (): Promise<number> => (await viewer.received('audio'))?.totalAudioEnergy ?? 0;
  const before = await energy();
  await expect.poll(energy, 'audio energy that was played').toBeGreaterThan(before);

  await viewer.page.locator('.chat input[name=chat]').fill('good <b>evening</b>');
  await viewer.page.locator('.chat input[name=chat]').press('Enter');
  await expect(viewer.page.locator('ol.messages > li').last()).toContainText('good <b>evening</b>');
  expect(viewer.complaints).toEqual([]);
});

test('the word typed by hand, in another spelling', async ({ stage }) => {
  const device = await stage.device();
  const viewer = await stage.viewer();
  await viewer.open(device.url);
  await viewer.becomes('idle');
  await viewer.type(`  ${device.word.toUpperCase().replaceAll('-', ' — ')} `);
  await viewer.becomes('live');
  await viewer.pictureMoves();
});

test('every request of the page goes to its own origin, and nothing of the word is in one', async ({ stage }) => {
  const device = await stage.device();
  const viewer = await stage.viewer();
  await viewer.open(device.link);
  await viewer.becomes('live');
  await viewer.page.keyboard.press('s');
  await viewer.page.waitForTimeout(1_500);
  const own = new URL(device.url).host;
  expect(viewer.requests.length).toBeGreaterThan(3);
  for (const address of viewer.requests) {
    const url = new URL(address);
    if (url.protocol === 'blob:' || url.protocol === 'data:') continue;
    expect(url.host, address).toBe(own);
    // The address typed holds the word in its fragment, which stays in the browser.
    if (url.hash === '') expect(address).not.toContain(device.word);
  }
});

test('a reload keeps the session’s word, and a new tab does not', async ({ stage }) => {
  const device = await stage.device();
  const viewer = await stage.viewer();
  await viewer.open(device.link);
  await viewer.becomes('live');
  await viewer.page.reload();
  await viewer.becomes('live');
  await viewer.pictureMoves();
  const tab = await viewer.context.newPage();
  await tab.goto(device.url);
  await expect(tab.locator('watchword-app')).toHaveAttribute('state', 'idle');
});

test('two viewers, one encoder; after the last the source is closed and the process idles', async ({ stage }) => {
  const device = await stage.device();
  const first = await stage.viewer();
  const second = await stage.viewer();
  await first.open(device.link);
  await first.becomes('live');
  await second.open(device.link);
  await second.becomes('live');
  await Promise.all([first.pictureMoves(), second.pictureMoves()]);
  await expect.poll(async () => (await first.deviceStats()).viewers).toBe(2);
  await expect.poll(async () => (await second.deviceStats()).fps, 'frames encoded a second').toBeGreaterThan(25);
  const stats = await second.deviceStats();
  expect(stats.encoders).toBe(1);
  expect([stats.width, stats.height]).toEqual([SMALL.video?.width, SMALL.video?.height]);
  expect(stats.encoder).toMatch(/264/);

  await second.leave();
  await expect.poll(async () => (await first.deviceStats()).viewers, { timeout: 3_000 }).toBe(1);
  await first.pictureMoves();
  await first.leave();
  // The source lingers for half a second; then nothing of it is left.
  await until('no thread of a source is left', () => !threadNames(device.pid).some(ofSource), { within: 10_000 });
  // What is late of the session's end (memory given back, say) may fall into the first window.
  await expect.poll(() => cores(device.pid, 4_000), { message: 'cores that an idle device uses', timeout: 20_000 }).toBeLessThan(0.01);
});

/** GStreamer names the threads of running elements after them. */
function ofSource(name: string): boolean {
  return /src\d*:src|appsrc|videotest|audiotest|queue\d*:src|x264/.test(name);
}
