/** Freezes under loss, as the browser counts them. */

import type { Browser } from '../browser/src/chromium';
import type { Device } from '../browser/src/daemon';
import { Viewer } from '../browser/src/viewer';
import { figure, RUNS, type Figure } from './figures';

const SECONDS = 20;

export async function freezes(device: Device, browser: Browser, suffix: string): Promise<Figure> {
  const counts: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const viewer = await Viewer.live(browser, device.link);
    await viewer.pictureMoves();
    const before = (await viewer.received('video'))?.freezeCount ?? 0;
    await viewer.page.waitForTimeout(SECONDS * 1_000);
    counts.push(((await viewer.received('video'))?.freezeCount ?? NaN) - before);
    await viewer.leave();
  }
  return figure(`freezes${suffix}`, `in ${SECONDS} s`, counts);
}
