/** What a transfer at full speed does to the picture and to the answers of the same session, on a home's line. */

import type { Browser } from '../browser/src/chromium';
import type { Device } from '../browser/src/daemon';
import { Desk, entry } from '../browser/src/files';
import type { Viewer } from '../browser/src/viewer';
import { figure, least, percentile, type Figure } from './figures';
import { HD, LINE } from './setting';
import { count, openFiles, over, put, type Moved } from './transfer';

const TIMES = 5;
const BYTES = 30_000_000;
/** A session's first seconds find out how much the network carries, milliseconds. */
const SETTLE = 5_000;
/** Between two questions, milliseconds. */
const PING = 100;

/** What is seen while a transfer runs. */
interface Seen {
  /** Of the frames that the source made, percent. */
  frames: number;
  freezes: number;
  /** Answers to `ping`, milliseconds. */
  pings: number[];
  /** Of what the picture leaves of the line, percent. */
  share: number;
}

export async function pictureUnderTransfers(device: Device, browser: Browser): Promise<Figure[]> {
  const desk = await Desk.make();
  try {
    const word = await device.addWord('bench', '--allow', 'watch,listen,files,upload,manage');
    const up = await desk.file('up.bin', BYTES);
    await put(device, desk, 'down.bin', BYTES);
    const seen: Record<'upload' | 'download', Seen[]> = { upload: [], download: [] };
    for (let run = 0; run < TIMES; run++) {
      seen.upload.push(await during(browser, device, word, (viewer) => viewer.page.locator('input[name=files]').setInputFiles(up)));
      seen.download.push(await during(browser, device, word, (viewer) => entry(viewer, 'down.bin').locator('.entry').click()));
    }
    return Object.entries(seen).flatMap(([way, runs]) => figures(`picture_under_${way}`, runs));
  } finally {
    await desk.end();
  }
}

function figures(name: string, runs: readonly Seen[]): Figure[] {
  return [
    least(`${name}_frames_pct`, '%', runs.map(({ frames }) => frames)),
    figure(`${name}_freezes`, 'a run', runs.map(({ freezes }) => freezes)),
    figure(`${name}_ping_ms`, 'ms', runs.flatMap(({ pings }) => pings), runs.length),
    least(`${name}_share_pct`, '%', runs.map(({ share }) => share)),
  ];
}

/** A session of its own, with one transfer. */
async function during(browser: Browser, device: Device, word: string, begin: (viewer: Viewer) => Promise<void>): Promise<Seen> {
  const viewer = await openFiles(browser, device, word);
  try {
    await viewer.pictureMoves();
    await viewer.page.waitForTimeout(SETTLE);
    const transfer = await count(viewer);
    const [before, since] = await picture(viewer);
    await begin(viewer);
    const pinging = pings(viewer, transfer);
    const moved = await over(viewer, transfer);
    const [after, until] = await picture(viewer);
    await viewer.ask('files.remove', { path: 'files/up.bin' }).catch(() => undefined);
    const seen = {
      frames: Math.min(100, ((after.frames - before.frames) * 100_000) / (until - since) / Number(HD.video?.fps)),
      freezes: after.freezes - before.freezes,
      pings: await pinging,
      share: share(moved),
    };
    console.log(`  ${moved.rate.toFixed(2)} MB/s, ${JSON.stringify({ ...seen, pings: [50, 95, 100].map((percent) => Math.round(percentile(seen.pings, percent))) })}`);
    return seen;
  } finally {
    await viewer.leave();
  }
}

/** Bytes of the file against bytes of the line, so that the headers count as loss. */
function share({ rate }: Moved): number {
  const left = (LINE.rate_kbps * 1_000 - Number(HD.video?.bitrate)) / 8;
  return (rate * 1e6 * 100) / left;
}

/** What was decoded and how often it froze, and when that was, milliseconds of the page's clock. */
async function picture(viewer: Viewer): Promise<[{ frames: number; freezes: number }, number]> {
  const received = await viewer.received('video');
  const now = await viewer.page.evaluate(() => performance.now());
  return [{ frames: received?.framesDecoded ?? NaN, freezes: received?.freezeCount ?? NaN }, now];
}

/** How long the device takes to answer while a transfer runs, milliseconds. */
async function pings(viewer: Viewer, transfer: number): Promise<number[]> {
  return await viewer.page.evaluate(async ([transfer, every]) => {
    const times: number[] = [];
    while (window.timed[transfer]?.done === undefined) {
      const asked = performance.now();
      await window.tap.ask('ping');
      times.push(performance.now() - asked);
      await new Promise((resolve) => setTimeout(resolve, every));
    }
    return times;
  }, [transfer, PING] as const);
}
