/** The kernel's camera and microphone, through the service, on Chromium's screen. */

import { until } from '../../browser/src/child';
import { expect, test } from '../../browser/src/playwright';
import { camerasHeld, inGuest } from '../guest';
import { since, tell, type Stage } from './stage';

/** `heard`: whether the microphone is listened to as well. */
export function cameraIsSeen(stage: Stage, { heard = true } = {}): void {
  test('the link shows the live picture of /dev/video0', async () => {
    expect(await camerasHeld(), 'held before the first viewer').toEqual([]);
    const from = performance.now();
    const viewer = await stage.arrive();
    await stage.showsTheCamera();
    tell(`live after ${since(from)} ms`);
    expect(await viewer.page.locator('video').first().evaluate(sizeOf)).toEqual([640, 360]);
    // Of 15 a second. How many of them an emulated machine encodes depends on what else its host has to do.
    const [before, start] = [await viewer.framesDecoded(), performance.now()];
    await until('50 more frames are decoded', async () => (await viewer.framesDecoded()) >= before + 50, { within: 40_000 });
    tell(`${(50_000 / since(start)).toFixed(1)} frames a second`);
    expect(await camerasHeld(), 'held with a viewer').toContain('/dev/video0');
  });

  if (!heard) return;
  test('the microphone is heard', async () => {
    await expect.poll(() => stage.stateOf('audio'), 'what the device says of its sound').toEqual({ state: 'live' });
    await stage.viewer.page.locator('button[name=sound]').first().click();
    const energy = async (): Promise<number> => (await stage.viewer.received('audio'))?.totalAudioEnergy ?? 0;
    const before = await energy();
    // A tone plays into it. A microphone that hears nothing has some energy too: the noise that Opus fills silence with.
    await expect.poll(energy, 'energy of the sound').toBeGreaterThan(before + 0.001);
  });
}

export function cameraIsUnplugged(stage: Stage): void {
  test('a camera that is unplugged is said, and the session stays', async () => {
    await inGuest('echo vivid.0 > /sys/bus/platform/drivers/vivid/unbind');
    const from = performance.now();
    await expect.poll(() => stage.stateOf('video'), 'what the device says of its picture').toMatchObject({ state: 'waiting' });
    const notice = stage.viewer.page.locator('.notice').first();
    await expect(notice).toContainText(/camera/i);
    tell(`after ${since(from)} ms the page says: ${(await notice.textContent())?.trim() ?? ''}`);
    // Longer than the page waits for a picture that stands still before it takes the session for dead.
    await stage.viewer.page.waitForTimeout(6_000);
    await sessionIsTheSame(stage);
  });

  test('plugged in again, its picture comes back by itself, in the same session', async () => {
    const before = await stage.viewer.framesDecoded();
    await inGuest('echo vivid.0 > /sys/bus/platform/drivers/vivid/bind');
    const from = performance.now();
    await until('new frames', async () => (await stage.viewer.framesDecoded()) > before + 5, { within: 20_000 });
    tell(`the picture is back ${since(from)} ms after the camera`);
    await stage.showsTheCamera();
    await expect.poll(() => stage.stateOf('video'), 'what the device says of its picture').toEqual({ state: 'live' });
    await stage.viewer.becomes('live');
    await sessionIsTheSame(stage);
  });

  test('the camera is free for others once the last viewer has left, and opens again for the next', async () => {
    const buffers = async (): Promise<number> => (await camerasHeld()).filter((held) => held.startsWith('/dmabuf')).length;
    expect(await buffers(), 'the camera’s buffers, with a viewer').toBeGreaterThan(0);
    await stage.viewer.leave();
    await expect.poll(buffers, 'the camera’s buffers, without a viewer').toBe(0);
    // A camera gives its pictures to one program at a time.
    await inGuest('timeout 10 v4l2-ctl --device "$(ls /dev/video* | head -n 1)" --stream-mmap --stream-count=5');
    // v4l2src of GStreamer 1.22 (Debian 12) leaves one idle handle behind each time that it is closed, by itself too
    // (`v4l2src ! fakesink`). It was opened twice here; a handle more is a leak of ours.
    expect((await camerasHeld()).length, 'handles that are left').toBeLessThanOrEqual(2);
    await stage.arrive();
    await stage.showsTheCamera();
  });
}

/** One peer connection since the start, and its control channel answers. */
async function sessionIsTheSame({ viewer }: Stage): Promise<void> {
  const states = await viewer.page.evaluate(() => window.tap.connections.map((connection) => connection.connectionState));
  expect(states.filter((state) => state !== 'new')).toEqual(['connected']);
  await viewer.ask('ping');
}

function sizeOf(video: SVGElement | HTMLElement): number[] {
  return video instanceof HTMLVideoElement ? [video.videoWidth, video.videoHeight] : [];
}
