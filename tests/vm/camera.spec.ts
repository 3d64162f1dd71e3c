/**
 * The executable in a virtual machine, as a service of systemd, with a camera and a microphone of the kernel's;
 * Chromium outside, at the other end of a cable. One session from its start to its end, step by step.
 */

import { launch } from '../browser/src/chromium';
import { until } from '../browser/src/child';
import { expect, test, type Browser } from '../browser/src/playwright';
import { Viewer } from '../browser/src/viewer';
import { BARS, shown } from './bars';
import { ADDRESS, camerasHeld, inGuest, NAMESPACE } from './guest';

test.describe.configure({ mode: 'serial' });

let browser: Browser;
let viewer: Viewer;
let word: string;

test.beforeAll(async () => {
  browser = await launch(NAMESPACE);
  const printed = await inGuest('cat /run/watchword.out');
  word = /Word\s+(\S+)/.exec(printed)?.[1] ?? '';
  expect(word, `the word on the executable's screen:\n${printed}`).not.toBe('');
});

test.afterAll(async () => {
  await browser.close();
});

test('the link shows the live picture of /dev/video0', async () => {
  expect(await camerasHeld(), 'cameras open before the first viewer').toBe(0);
  const from = performance.now();
  viewer = await Viewer.live(browser, `https://${ADDRESS}:8443/#${word}`, 30_000);
  await showsTheCamera();
  tell(`live after ${since(from)} ms`);
  expect(await viewer.page.locator('video').first().evaluate(sizeOf)).toEqual([640, 360]);
  const rate = await viewer.frameRate(4_000);
  tell(`${rate.toFixed(1)} frames a second`);
  // The camera gives 30. What an emulated machine on two busy cores encodes of them is not the subject here.
  expect(rate, 'frames decoded a second').toBeGreaterThan(10);
  expect(await camerasHeld(), 'cameras open with a viewer').toBeGreaterThan(0);
});

test('the microphone is heard', async () => {
  const energy = async (): Promise<number> => (await viewer.received('audio'))?.totalAudioEnergy ?? 0;
  const before = await energy();
  await expect.poll(energy, 'energy of a tone that plays into the microphone').toBeGreaterThan(before + 0.001);
});

test('a camera that is unplugged is said, and the session stays', async () => {
  await inGuest('echo vivid.0 > /sys/bus/platform/drivers/vivid/unbind');
  const from = performance.now();
  await expect.poll(() => videoState(), 'what the device says of its picture').toBe('waiting');
  await expect(viewer.status).toContainText(/camera/i);
  tell(`after ${since(from)} ms the page says: ${(await viewer.status.textContent())?.trim() ?? ''}`);
  // Longer than the page waits for a picture that stands still before it takes the session for dead.
  await viewer.page.waitForTimeout(6_000);
  await sessionIsTheSame();
});

test('plugged in again, its picture comes back by itself, in the same session', async () => {
  const before = await viewer.framesDecoded();
  await inGuest('echo vivid.0 > /sys/bus/platform/drivers/vivid/bind');
  const from = performance.now();
  await until('new frames', async () => (await viewer.framesDecoded()) > before + 5, { within: 20_000 });
  tell(`the picture is back ${since(from)} ms after the camera`);
  await showsTheCamera();
  await expect.poll(() => videoState()).toBe('live');
  await viewer.becomes('live');
  await sessionIsTheSame();
});

test('the camera is closed once the last viewer has left', async () => {
  await viewer.leave();
  await expect.poll(camerasHeld, 'cameras open without a viewer').toBe(0);
});

test('the daemon ends in order, and has kept the word out of the journal', async () => {
  await inGuest('systemctl stop watchword');
  const journal = await inGuest('journalctl --unit watchword --no-pager --output cat');
  expect(journal).toContain('Deactivated successfully');
  expect(journal).not.toMatch(/panicked|Failed with result/);
  expect(journal).not.toContain(word);
});

/** The camera's bars are on the screen, and the picture moves. */
async function showsTheCamera(): Promise<void> {
  await expect.poll(async () => (await shown(viewer)).bars, 'colours on the screen').toBe(BARS);
  const sums = new Set<number>();
  await until('the picture changes', async () => sums.add((await shown(viewer)).sum).size >= 5, { within: 10_000 });
}

/** One peer connection since the start, and its control channel answers. */
async function sessionIsTheSame(): Promise<void> {
  const states = await viewer.page.evaluate(() => window.tap.connections.map((connection) => connection.connectionState));
  expect(states.filter((state) => state !== 'new')).toEqual(['connected']);
  await viewer.ask('ping');
}

async function videoState(): Promise<string | undefined> {
  const heard = await viewer.page.evaluate(() => window.tap.heard['media.state']);
  return (heard as { video?: { state?: string } } | undefined)?.video?.state;
}

function sizeOf(video: SVGElement | HTMLElement): number[] {
  return video instanceof HTMLVideoElement ? [video.videoWidth, video.videoHeight] : [];
}

function since(from: number): number {
  return Math.round(performance.now() - from);
}

/** A figure for the person who reads the output. */
function tell(sentence: string): void {
  process.stdout.write(`    ${sentence}\n`);
}
