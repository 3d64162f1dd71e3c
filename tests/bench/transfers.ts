/** Files to and from a device, by the page and by the command line: how fast, and what the device pays for it. */

import { readFileSync, writeFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from '../browser/src/chromium';
import type { Device } from '../browser/src/daemon';
import { Desk, onDisk } from '../browser/src/files';
import { cpuSeconds } from '../browser/src/observe';
import { least, figure, type Figure } from './figures';
import { commandLine, openFiles, pageFetches, pageSends, put } from './transfer';

const MEGABYTE = 1e6;
/** Of each kind. */
const TIMES = 5;
/** No picture: what a transfer takes is the transfer's. */
const ALLOWED = 'files,upload,manage';

/** Memory that transfers took on every network that was measured, MB. */
const growth: number[] = [];

/** Transfers of `bytes` in turn; `namespace` is the viewers'. `suffix` names the network. */
export async function transfers(device: Device, browser: Browser, suffix: string, bytes: number, namespace?: string): Promise<Figure[]> {
  const desk = await Desk.make();
  try {
    const word = await device.addWord('bench', '--allow', ALLOWED);
    const [up, down] = [await desk.file('up.bin', bytes), 'down.bin'];
    const fetched = join(desk.directory, 'fetched');
    await mkdir(fetched);
    await put(device, desk, down, bytes);
    const viewer = await openFiles(browser, device, word);
    const rates: Record<'upload_chromium' | 'download_chromium' | 'cli_up' | 'cli_down', number[]> = {
      upload_chromium: [], download_chromium: [], cli_up: [], cli_down: [],
    };
    const cores: number[] = [];
    const before = startOfPeak(device.pid);
    for (let run = 0; run < TIMES; run++) {
      const cpu = cpuSeconds(device.pid);
      const sent = await pageSends(viewer, up, 'up.bin');
      rates.upload_chromium.push(sent.rate);
      cores.push((cpuSeconds(device.pid) - cpu) / sent.seconds);
      rates.download_chromium.push((await pageFetches(viewer, down)).rate);
      rates.cli_up.push((await commandLine(device, word, namespace, ['send', up])).rate);
      await rm(onDisk(device, 'up.bin'));
      rates.cli_down.push((await commandLine(device, word, namespace, ['get', `files/${down}`, '--output', fetched])).rate);
      await rm(join(fetched, down));
      console.log(`  ${Object.entries(rates).map(([name, of]) => `${name} ${of.at(-1)?.toFixed(2)}`).join(', ')} MB/s`);
    }
    growth.push(peak(device.pid) - before);
    await viewer.leave();
    return [
      ...Object.entries(rates).map(([name, samples]) => least(`${name}_mb_s${suffix}`, 'MB/s', samples)),
      ...(suffix === '' ? [figure('upload_cpu_cores', 'cores', cores)] : []),
      figure('transfer_rss_growth_mb', 'MB', growth),
    ];
  } finally {
    await desk.end();
  }
}

/** The most memory of a process is counted from now on (proc(5), clear_refs); what it has now, MB. */
function startOfPeak(pid: number): number {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
  return peak(pid);
}

/** Most resident memory of a process, MB. */
function peak(pid: number): number {
  const found = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  if (!found) throw new Error('/proc does not say the most memory of a process');
  return (Number(found[1]) * 1024) / MEGABYTE;
}
