/** What the device's process uses: cores and memory, by the number of viewers. */

import type { Browser } from '../browser/src/chromium';
import { Child, sleep } from '../browser/src/child';
import { Device } from '../browser/src/daemon';
import { cores, use } from '../browser/src/observe';
import { ROOT } from '../browser/src/paths';
import { Viewer } from '../browser/src/viewer';
import { figure, RUNS, type Figure } from './figures';
import { HD } from './setting';

const WINDOW = 4_000;
/** A session's first seconds hold what is done once. */
const SETTLE = 2_500;
const MEGABYTE = 1e6;
const ENCODER = `${ROOT}target/release/watchword-bench`;

export async function load(browser: Browser): Promise<Figure[]> {
  const cpu = new Samples();
  const memory = new Samples();
  for (let run = 0; run < RUNS; run++) {
    const device = await Device.start({ config: HD });
    try {
      await sleep(1_000);
      memory.add(0, use(device.pid).rss / MEGABYTE);
      await withViewers(device, browser, cpu, memory);
      await sleep(SETTLE);
      cpu.add(0, await cores(device.pid, WINDOW));
    } finally {
      await device.end();
    }
  }
  return [
    ...[0, 1, 2, 4].map((n) => figure(`cpu_cores_${n}_viewers`, 'cores', cpu.of(n))),
    ...[0, 1, 4].map((n) => figure(`rss_mb_${n}_viewers`, 'MB', memory.of(n))),
  ];
}

async function withViewers(device: Device, browser: Browser, cpu: Samples, memory: Samples): Promise<void> {
  const viewers: Viewer[] = [];
  for (const wanted of [1, 2, 4]) {
    while (viewers.length < wanted) viewers.push(await Viewer.live(browser, device.link));
    await sleep(SETTLE);
    cpu.add(wanted, await cores(device.pid, WINDOW));
    memory.add(wanted, use(device.pid).rss / MEGABYTE);
  }
  await Promise.all(viewers.map((viewer) => viewer.leave()));
}

/** The source and the encoder with the same settings, in a process that does nothing else with the frames. */
export async function encoderAlone(): Promise<Figure> {
  const { video } = HD;
  const settings = ['width', 'height', 'fps', 'bitrate', 'encoder'].map((key) => String(video?.[key]));
  const samples: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const encoder = new Child([ENCODER, ...settings]);
    await encoder.line(/^encoding /);
    await sleep(SETTLE);
    samples.push(await cores(encoder.pid, WINDOW));
    await encoder.stop();
  }
  return figure('cpu_cores_encoder_alone', 'cores', samples);
}

class Samples {
  readonly #of = new Map<number, number[]>();

  add(viewers: number, sample: number): void {
    this.#of.set(viewers, [...this.of(viewers), sample]);
  }

  of(viewers: number): number[] {
    return this.#of.get(viewers) ?? [];
  }
}
