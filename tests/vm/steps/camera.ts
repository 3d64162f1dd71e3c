/** The kernel's camera and microphone, through the service, on Chromium's screen. */

import { until } from '../../browser/src/child';
import { expect, test } from '../../browser/src/playwright';
import { camerasHeld, camerasStreaming, inGuest } from '../guest';
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
    // Playing costs an emulated processor a quarter of itself.
    await inGuest('systemctl stop tone');
  });
}

export function cameraIsUnplugged(stage: Stage): void {
  let connections = 0;

  test('a camera that is unplugged is said, and the session stays', async () => {
    connections = await stage.connections();
    await inGuest('echo vivid.0 > /sys/bus/platform/drivers/vivid/unbind');
    const from = performance.now();
    await expect.poll(() => stage.stateOf('video'), 'what the device says of its picture').toMatchObject({ state: 'waiting' });
    const notice = stage.viewer.page.locator('.notice').first();
    await expect(notice).toContainText(/camera/i);
    tell(`after ${since(from)} ms the page says: ${(await notice.textContent())?.trim() ?? ''}`);
    // Longer than the page waits for a picture that stands still before it takes the session for dead.
    await stage.viewer.page.waitForTimeout(6_000);
    await sessionIsTheSame(stage, connections);
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
    await sessionIsTheSame(stage, connections);
  });

  test('the camera is free for others once the last viewer has left, and opens again for the next', async () => {
    expect(await camerasStreaming(), 'the camera’s buffers, with a viewer').toBeGreaterThan(0);
    await stage.viewer.leave();
    await expect.poll(camerasStreaming, 'the camera’s buffers, without a viewer').toBe(0);
    // A camera gives its pictures to one program at a time.
    await inGuest('timeout 10 v4l2-ctl --device "$(ls /dev/video* | head -n 1)" --stream-mmap --stream-count=5');
    // v4l2src of GStreamer 1.22 (Debian 12) leaves one idle handle behind each time that it is closed, by itself too
    // (`v4l2src ! fakesink`). It was opened twice here; a handle more is a leak of ours.
    expect((await camerasHeld()).length, 'handles that are left').toBeLessThanOrEqual(2);
    await stage.arrive();
    await stage.showsTheCamera();
  });
}

/** No new peer connection, the last one is up, and its control channel answers. */
async function sessionIsTheSame(stage: Stage, connections: number): Promise<void> {
  expect(await stage.connections(), 'peer connections that the page has had').toBe(connections);
  expect(await stage.viewer.page.evaluate(() => window.tap.connections.at(-1)?.connectionState)).toBe('connected');
  await stage.viewer.ask('ping');
}

function sizeOf(video: SVGElement | HTMLElement): number[] {
  return video instanceof HTMLVideoElement ? [video.videoWidth, video.videoHeight] : [];
}
