/** A device with files, and a viewer whose word allows everything with them. */

import { readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import type { Browser } from '../src/chromium';
import type { Device } from '../src/daemon';
import { Desk, onDisk, transfer } from '../src/files';
import type { Network, Shape } from '../src/network';
import type { Viewer } from '../src/viewer';
import { expect, type Stage } from './fixtures';

export const MB = 1_000_000;
export const ALL = 'watch,chat,files,upload,manage';
/** 3 MB a second. */
export const SLOW: Shape = { rate_kbps: 24_000, queue_ms: 200 };
const LARGE = 9 * MB;

export interface Wish {
  /** Some MB take seconds. */
  slow?: boolean;
  browser?: Browser;
  /** `own`: a chosen file is one of the origin's own, because nobody is here to choose. */
  picker?: 'own';
  /** Whether the browser lets the page write anywhere. */
  disk?: boolean;
}

interface Room {
  device: Device;
  desk: Desk;
  viewer: Viewer;
  /** Between them, where it is slow. */
  network: Network | undefined;
}

/** A device, a folder for what is sent, and a viewer that may do everything with files. */
export async function filesOf(stage: Stage, wish: Wish = {}): Promise<Room> {
  const desk = stage.ends(await Desk.make());
  const network = wish.slow === true ? await stage.network('ww-e2e-files', SLOW) : undefined;
  const device = await stage.device(network ? network.a : {});
  const viewer = await stage.viewer(network ? await stage.chromium(network.b.namespace) : wish.browser);
  if (wish.picker === 'own') await viewer.context.addInitScript(chooseOwn);
  else await withoutPicker(viewer);
  if (wish.disk === false) await viewer.context.addInitScript('Object.defineProperty(navigator, "storage", { value: {} })');
  await viewer.open(`${device.url}#${await device.addWord('files', '--allow', ALL)}`);
  await viewer.becomes('live', 20_000);
  await viewer.page.locator('button[name=open-files]').waitFor();
  return { device, desk, viewer, network };
}

/** The dialogue is the system's: nothing in the page, and no test, can answer it. */
export async function withoutPicker(viewer: Viewer): Promise<void> {
  await viewer.context.addInitScript('delete window.showSaveFilePicker');
}

function chooseOwn(): void {
  Object.assign(window, {
    showSaveFilePicker: async ({ suggestedName }: { suggestedName: string }) =>
      await (await navigator.storage.getDirectory()).getFileHandle(suggestedName, { create: true }),
  });
}

export async function placeLarge(device: Device, desk: Desk): Promise<string> {
  const source = await desk.file('large.bin', LARGE);
  await writeFile(onDisk(device, 'large.bin'), await readFile(source));
  return source;
}

/** Waits until so many bytes of a transfer have gone, and it is not over. */
export async function moves(viewer: Viewer, name: string, bytes = 1): Promise<void> {
  const gone = (): Promise<number> => transfer(viewer, name).locator('progress').evaluate((bar: HTMLProgressElement) => bar.value);
  await expect.poll(gone, { message: `${name} moves`, timeout: 20_000, intervals: [50] }).toBeGreaterThanOrEqual(bytes);
}

export async function choose(viewer: Viewer, button: ReturnType<Viewer['page']['locator']>, path: string): Promise<void> {
  const chooser = viewer.page.waitForEvent('filechooser');
  await button.click();
  await (await chooser).setFiles(path);
}

/** Where the device has the next upload begin: the offset of its next answer that has one. */
export async function putOffset(viewer: Viewer): Promise<number> {
  return await viewer.page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        window.tap.channels.at(-1)?.addEventListener('message', ({ data }) => {
          const { result } = JSON.parse(String(data)) as { result?: { offset?: number; transfer?: string } };
          if (result?.transfer !== undefined && result.offset !== undefined) resolve(result.offset);
        });
      }),
  );
}

/** Bytes that the newest session sent on channels of transfers. */
export async function sentBytes(viewer: Viewer): Promise<number> {
  return await viewer.page.evaluate(async () => {
    let sum = 0;
    (await window.tap.connections.at(-1)?.getStats())?.forEach((entry: { type: string; label?: string; bytesSent?: number }) => {
      if (entry.type === 'data-channel' && entry.label?.startsWith('transfer/') === true) sum += entry.bytesSent ?? 0;
    });
    return sum;
  });
}

/** Unfinished uploads on the device's disk. */
export function partials(device: Device): string[] {
  const own = readdirSync(onDisk(device)).filter((name) => name.startsWith('.watchword-'));
  return own.flatMap((name) => readdirSync(onDisk(device, name))).filter((name) => name.endsWith('.part'));
}
