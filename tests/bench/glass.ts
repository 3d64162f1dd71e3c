/** Glass to glass: how old the picture is when the browser shows it, by the time that the picture carries. */

import type { Browser } from '../browser/src/chromium';
import type { Device } from '../browser/src/daemon';
import { readTimeCode } from '../browser/src/time-code';
import { Viewer } from '../browser/src/viewer';
import { figure, RUNS, type Figure } from './figures';

const SECONDS = 6;

/** A session locks to a phase of the screen's own clock: several sessions, all of their frames. */
export async function glassToGlass(device: Device, browser: Browser, suffix: string): Promise<Figure> {
  const ages: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const viewer = await Viewer.live(browser, device.link);
    await viewer.pictureMoves();
    await viewer.page.waitForTimeout(1_000);
    const session = await agesOf(viewer);
    if (session.length < SECONDS * 20) throw new Error(`only ${session.length} frames with a time in ${SECONDS} s`);
    ages.push(...session);
    await viewer.leave();
  }
  return figure(`glass_to_glass_ms${suffix}`, 'ms', ages, RUNS);
}

async function agesOf(viewer: Viewer): Promise<number[]> {
  const video = viewer.page.locator('video').first();
  // The page's own policy forbids evaluating text, so the reader is installed from outside.
  await viewer.page.evaluate(`window.readTimeCode = ${readTimeCode.toString()}`);
  return await video.evaluate(
    async (video: HTMLVideoElement, seconds) => {
      const read = (window as unknown as { readTimeCode: (video: Element) => number | undefined }).readTimeCode;
      const ages: number[] = [];
      const end = performance.now() + seconds * 1_000;
      while (performance.now() < end) {
        const now = await new Promise<number>((resolve) => video.requestVideoFrameCallback(() => resolve(Date.now())));
        const time = read(video);
        if (time !== undefined) ages.push(now - time);
      }
      return ages;
    },
    SECONDS,
  );
}
