/** `make bench`: every figure, or those whose name contains an argument. One table, and target/bench/results.jsonl. */

import { launch, type Browser } from '../browser/src/chromium';
import { Device, toml } from '../browser/src/daemon';
import { Network, type Shape } from '../browser/src/network';
import { ROOT } from '../browser/src/paths';
import { Viewer } from '../browser/src/viewer';
import { table, write, type Figure, type Goals } from './figures';
import { freezes } from './freezes';
import { glassToGlass } from './glass';
import { encoderAlone, load } from './load';
import { HD, RTT30 } from './setting';
import { show, starts } from './start';

/** On two shared cores. */
const GOALS: Goals = {
  first_frame_ms: { median: 500 },
  first_frame_proved_ms: { median: 40 },
  first_frame_proved_ms_rtt30: { median: 140 },
  glass_to_glass_ms: { median: 10, p95: 22 },
  glass_to_glass_ms_rtt30_loss1: { median: 25, p95: 38 },
  cpu_cores_0_viewers: { median: 0.01 },
  rss_mb_0_viewers: { median: 15 },
  rss_mb_1_viewers: { median: 45 },
  freezes_loss2: { median: 0 },
  freezes_loss5: { median: 0 },
};

const RESULTS = `${ROOT}target/bench/results.jsonl`;

type Measure = (device: Device, browser: Browser) => Promise<Figure[]>;

async function start(suffix: string, device: Device, browser: Browser): Promise<Figure[]> {
  const { figures, trace } = await starts(device, browser, suffix);
  console.log(`\nThe start in the middle${suffix === '' ? '' : ` (${suffix.slice(1)})`}, from the click:\n${show(trace)}\n`);
  return figures;
}

/** What is measured: the figures' names, the network, and how. */
const PLAN: readonly { names: string[]; shape?: Shape; measure: Measure }[] = [
  { names: ['first_frame_ms', 'first_frame_proved_ms'], measure: (...on) => start('', ...on) },
  { names: ['first_frame_ms_rtt30', 'first_frame_proved_ms_rtt30'], shape: RTT30, measure: (...on) => start('_rtt30', ...on) },
  { names: ['glass_to_glass_ms'], measure: async (...on) => [await glassToGlass(...on, '')] },
  { names: ['glass_to_glass_ms_rtt30_loss1'], shape: { ...RTT30, loss: 1 }, measure: async (...on) => [await glassToGlass(...on, '_rtt30_loss1')] },
  { names: ['freezes_loss2'], shape: { ...RTT30, loss: 2 }, measure: async (...on) => [await freezes(...on, '_loss2')] },
  { names: ['freezes_loss5'], shape: { ...RTT30, loss: 5 }, measure: async (...on) => [await freezes(...on, '_loss5')] },
];

async function main(wanted: readonly string[]): Promise<void> {
  const asked = (names: readonly string[]): boolean =>
    wanted.length === 0 || names.some((name) => wanted.some((part) => name.includes(part)));
  const figures: Figure[] = [];
  const keep = (more: Figure[]): void => {
    figures.push(...more);
    for (const { name, median, p95, unit } of more) console.log(`${name}: ${median} / ${p95} ${unit}`);
    write(RESULTS, figures);
  };
  console.log(`Settings of the device:\n${toml(HD)}`);
  for (const { names, shape, measure } of PLAN) {
    if (asked(names)) keep(await on(shape, measure));
  }
  if (asked(['cpu_cores_encoder_alone'])) keep([await encoderAlone()]);
  if (asked(['cpu_cores_viewers', 'rss_mb_viewers'])) keep(await alone(load));
  console.log(`\n${table(figures, GOALS)}\n\nAs JSON, an object a line: ${RESULTS.slice(ROOT.length)}`);
}

/** With a browser on this machine. */
async function alone<T>(measure: (browser: Browser) => Promise<T>): Promise<T> {
  const browser = await launch();
  try {
    return await measure(browser);
  } finally {
    await browser.close();
  }
}

/** With a device and a browser, on loopback or through a network of this shape. */
async function on(shape: Shape | undefined, measure: Measure): Promise<Figure[]> {
  if (!shape) return await alone((browser) => withDevice(undefined, browser, measure));
  const network = await Network.up('ww-bench', shape);
  try {
    const browser = await launch(network.b.namespace);
    try {
      return await withDevice(network, browser, measure);
    } finally {
      await browser.close();
    }
  } finally {
    await network.down();
  }
}

async function withDevice(network: Network | undefined, browser: Browser, measure: Measure): Promise<Figure[]> {
  const place = network ? { namespace: network.a.namespace, address: network.a.address } : {};
  const device = await Device.start({ config: HD, ...place });
  try {
    const viewer = await Viewer.live(browser, device.link);
    const { encoder, picture, version } = await viewer.ask<Record<'encoder' | 'picture' | 'version', string>>('device.info');
    console.log(`Watchword ${version}, ${encoder}, ${picture}`);
    await viewer.leave();
    return await measure(device, browser);
  } finally {
    await device.end();
  }
}

await main(process.argv.slice(2));
