/** One transfer, by the page or by the command line, and how long it took from its first byte to its end. */

import { copyFile } from 'node:fs/promises';
import type { Browser } from '../browser/src/chromium';
import { run, until } from '../browser/src/child';
import { daemonEnvironment, type Device } from '../browser/src/daemon';
import { entry, onDisk, type Desk } from '../browser/src/files';
import { inside } from '../browser/src/network';
import { WATCHWORD } from '../browser/src/paths';
import { Viewer } from '../browser/src/viewer';
import { tapTransfers, type Timed } from './transfer-tap';

const MEGABYTE = 1e6;
/** A transfer that takes longer is stuck, milliseconds. */
const WITHIN = 180_000;

export interface Moved {
  seconds: number;
  /** MB (10^6 bytes) a second. */
  rate: number;
}

/** A page with the files open, live. */
export async function openFiles(browser: Browser, device: Device, word: string): Promise<Viewer> {
  const viewer = await Viewer.arrive(browser);
  await viewer.context.addInitScript(tapTransfers);
  // Its dialogue is the system's, and nobody is here to answer it.
  await viewer.context.addInitScript('delete window.showSaveFilePicker');
  await viewer.open(`${device.url}#${word}`);
  await viewer.becomes('live', 20_000);
  await viewer.page.locator('button[name=open-files]').click();
  return viewer;
}

/** The page sends the file; it is taken away from the device again. */
export async function pageSends(viewer: Viewer, path: string, name: string): Promise<Moved> {
  const before = await count(viewer);
  await viewer.page.locator('input[name=files]').setInputFiles(path);
  const moved = await over(viewer, before);
  await tidy(viewer, name);
  return moved;
}

/** The page fetches a file that the device has. */
export async function pageFetches(viewer: Viewer, name: string): Promise<Moved> {
  const before = await count(viewer);
  const download = viewer.page.waitForEvent('download', { timeout: WITHIN });
  await entry(viewer, name).locator('.entry').click();
  const moved = await over(viewer, before);
  const failure = await (await download).failure();
  if (failure !== null) throw new Error(`the browser did not keep ${name}: ${failure}`);
  await (await download).delete();
  await viewer.page.locator('button[name=clear]').click();
  return moved;
}

/** `watchword send` or `get`, in a namespace or here; it says itself how long it took. */
export async function commandLine(device: Device, word: string, namespace: string | undefined, command: readonly string[]): Promise<Moved> {
  const environment = { ...daemonEnvironment(device.directory), WATCHWORD_WORD: word, WATCHWORD_SERVER: device.url };
  const { code, child } = await run(inside(namespace, [WATCHWORD, ...command, '--json']), environment);
  if (code !== 0) throw new Error(`watchword ${command.join(' ')} failed:\n${child.said()}`);
  const events = child.out.map((line) => JSON.parse(line) as { event: string; size: number; seconds: number });
  const done = events.find(({ event }) => event === 'done');
  if (!done) throw new Error(`watchword ${command.join(' ')} does not say how long it took:\n${child.said()}`);
  return { seconds: done.seconds, rate: done.size / done.seconds / MEGABYTE };
}

/** Has the device keep this file as `name`. */
export async function put(device: Device, desk: Desk, name: string, bytes: number): Promise<string> {
  const path = await desk.file(name, bytes);
  await copyFile(path, onDisk(device, name));
  return path;
}

/** Removes what was sent from the device and from the page's list. */
async function tidy(viewer: Viewer, name: string): Promise<void> {
  await viewer.ask('files.remove', { path: `files/${name}` });
  await viewer.page.locator('button[name=clear]').click();
}

/** Transfers that the page has begun. */
export async function count(viewer: Viewer): Promise<number> {
  return await viewer.page.evaluate(() => window.timed.length);
}

/** Waits until the transfer with this number is over. */
export async function over(viewer: Viewer, number: number): Promise<Moved> {
  const { first, done, bytes } = await until(`transfer ${number} of the page is over`, async () => {
    const timed: Timed | undefined = await viewer.page.evaluate((number) => window.timed[number], number);
    return timed?.done !== undefined && timed;
  }, { within: WITHIN, every: 200 });
  const seconds = ((done ?? NaN) - (first ?? NaN)) / 1_000;
  return { seconds, rate: bytes / seconds / MEGABYTE };
}
