/** `make bench`: every figure, or those whose name contains an argument. One table, and target/bench/results.jsonl. */

import { launch, type Browser } from '../browser/src/chromium';
import { Device, toml } from '../browser/src/daemon';
import { Network, type Shape } from '../browser/src/network';
import { ROOT } from '../browser/src/paths';
import { Viewer } from '../browser/src/viewer';
import { board, BOARD } from './board';
import { table, write, type Figure, type Goals } from './figures';
import { freezes } from './freezes';
import { glassToGlass } from './glass';
import { encoderAlone, load } from './load';
import { pictureUnderTransfers } from './picture';
import { HD, LINE, RTT30 } from './setting';
import { show, starts } from './start';
import { transfers } from './transfers';

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
  upload_chromium_mb_s: { least: 28 },
  upload_chromium_mb_s_rtt30: { least: 16 },
  upload_chromium_mb_s_rtt30_loss1: { least: 0.45 },
  download_chromium_mb_s: { least: 25 },
  download_chromium_mb_s_rtt30: { least: 17 },
  download_chromium_mb_s_rtt30_loss1: { least: 0.45 },
  cli_up_mb_s: { least: 60 },
  cli_up_mb_s_rtt30: { least: 17 },
  cli_up_mb_s_rtt30_loss1: { least: 0.45 },
  cli_down_mb_s: { least: 60 },
  cli_down_mb_s_rtt30: { least: 17 },
  cli_down_mb_s_rtt30_loss1: { least: 0.45 },
  upload_cpu_cores: { median: 0.5 },
  transfer_rss_growth_mb: { median: 16 },
  picture_under_upload_frames_pct: { least: 99 },
  picture_under_upload_freezes: { median: 0 },
  picture_under_upload_ping_ms: { p95: 150 },
  picture_under_upload_share_pct: { least: 80 },
  picture_under_download_frames_pct: { least: 99 },
  picture_under_download_freezes: { median: 0 },
  picture_under_download_ping_ms: { p95: 150 },
  picture_under_download_share_pct: { least: 80 },
};

const RESULTS = `${ROOT}target/bench/results.jsonl`;

type Measure = (device: Device, browser: Browser, network?: Network) => Promise<Figure[]>;

async function start(suffix: string, device: Device, browser: Browser): Promise<Figure[]> {
  const { figures, trace } = await starts(device, browser, suffix);
  console.log(`\nThe start in the middle${suffix === '' ? '' : ` (${suffix.slice(1)})`}, from the click:\n${show(trace)}\n`);
  return figures;
}

/** Bytes of a transfer; with loss it takes as long with less. */
const [WHOLE, LITTLE] = [100_000_000, 8_000_000];

/** Files each way on a network of this shape, in the order of the names. */
function transfersOn(suffix: string, bytes: number, shape?: Shape): { names: string[]; shape?: Shape; measure: Measure } {
  const rates = ['upload_chromium', 'download_chromium', 'cli_up', 'cli_down'].map((name) => `${name}_mb_s${suffix}`);
  return {
    names: [...rates, `transfers${suffix}`, ...(suffix === '' ? ['upload_cpu_cores'] : []), 'transfer_rss_growth_mb'],
    ...(shape && { shape }),
    measure: (device, browser, network) => transfers(device, browser, suffix, bytes, network?.b.namespace),
  };
}

/** What is measured: the figures' names, the network, and how. */
const PLAN: readonly { names: string[]; shape?: Shape; measure: Measure }[] = [
  { names: ['first_frame_ms', 'first_frame_proved_ms'], measure: (device, browser) => start('', device, browser) },
  { names: ['first_frame_ms_rtt30', 'first_frame_proved_ms_rtt30'], shape: RTT30, measure: (device, browser) => start('_rtt30', device, browser) },
  { names: ['glass_to_glass_ms'], measure: async (device, browser) => [await glassToGlass(device, browser, '')] },
  { names: ['glass_to_glass_ms_rtt30_loss1'], shape: { ...RTT30, loss: 1 }, measure: async (device, browser) => [await glassToGlass(device, browser, '_rtt30_loss1')] },
  { names: ['freezes_loss2'], shape: { ...RTT30, loss: 2 }, measure: async (device, browser) => [await freezes(device, browser, '_loss2')] },
  { names: ['freezes_loss5'], shape: { ...RTT30, loss: 5 }, measure: async (device, browser) => [await freezes(device, browser, '_loss5')] },
  transfersOn('', WHOLE),
  transfersOn('_rtt30', WHOLE, RTT30),
  transfersOn('_rtt30_loss1', LITTLE, { ...RTT30, loss: 1 }),
  { names: ['transfers_picture', 'picture_under_upload', 'picture_under_download'], shape: LINE, measure: pictureUnderTransfers },
];

async function main(wanted: readonly string[]): Promise<void> {
  const asked = (names: readonly string[]): boolean =>
    wanted.length === 0 || names.some((name) => wanted.some((part) => name.includes(part)));
  const figures: Figure[] = [];
  const keep = (more: Figure[]): void => {
    // A later one of the same name knows more.
    const known = figures.filter(({ name }) => !more.some((newer) => newer.name === name));
    figures.splice(0, figures.length, ...known, ...more);
    for (const { name, median, p95, unit } of more) console.log(`${name}: ${median} / ${p95} ${unit}`);
    write(RESULTS, figures);
  };
  console.log(`Settings of the device:\n${toml(HD)}`);
  for (const { names, shape, measure } of PLAN) {
    if (asked(names)) keep(await on(shape, measure));
  }
  if (asked(['cpu_cores_encoder_alone'])) keep([await encoderAlone()]);
  if (asked(['cpu_cores_viewers', 'rss_mb_viewers'])) keep(await alone(load));
  if (asked(BOARD)) keep(await board());
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
    return await measure(device, browser, network);
  } finally {
    await device.end();
  }
}

await main(process.argv.slice(2));
