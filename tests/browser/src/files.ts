/** Files on both sides: what a test makes, drops on the page, and finds on the device's disk. */

import { expect, type Download, type Locator } from '@playwright/test';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Device } from './daemon';
import type { Viewer } from './viewer';

/** A folder with files for a test, gone after it. */
export class Desk {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async make(): Promise<Desk> {
    return new Desk(await mkdtemp(join(tmpdir(), 'watchword-desk-')));
  }

  /** Puts a file there, of so many random bytes or of these; its path. */
  async file(name: string, content: number | string): Promise<string> {
    const path = join(this.directory, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, typeof content === 'number' ? randomBytes(content) : content);
    return path;
  }

  async end(): Promise<void> {
    await rm(this.directory, { recursive: true });
  }
}

/** Where the device keeps what viewers see as `files/…`. */
export function onDisk(device: Device, ...path: string[]): string {
  return join(device.directory, 'files', ...path);
}

export function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

/** Waits until the device has this file whole; says both hashes where it differs. */
export async function arrives(device: Device, name: string, source: string, within = 20_000): Promise<void> {
  const there = onDisk(device, name);
  await expect.poll(() => existsSync(there), { message: `${name} is on the device's disk`, timeout: within }).toBe(true);
  expect(sha256(there), `what the device has as ${name}`).toBe(sha256(source));
}

/** Lets go of files and folders over the page, as from the desktop. */
export async function drop({ context, page }: Viewer, ...files: string[]): Promise<void> {
  const session = await context.newCDPSession(page);
  const data = { items: [], files, dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await session.send('Input.dispatchDragEvent', { type, x: 200, y: 200, data });
  }
  await session.detach();
}

/** Holds files over the page, for a moment. */
export async function hold({ context, page }: Viewer, ...files: string[]): Promise<void> {
  const session = await context.newCDPSession(page);
  const data = { items: [], files, dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver'] as const) {
    await session.send('Input.dispatchDragEvent', { type, x: 200, y: 200, data });
  }
  await session.detach();
}

/** The row of a transfer. */
export function transfer({ page }: Viewer, name: string): Locator {
  return page.locator(`watchword-transfers li[data-name="${name}"]`);
}

/** The row of a file or folder in the list. */
export function entry({ page }: Viewer, name: string): Locator {
  return page.locator(`watchword-files .list li[data-name="${name}"]`);
}

/** SHA-256 of what the browser saved, and the name it was given. */
export async function saved(download: Promise<Download>): Promise<{ name: string; hash: string }> {
  const done = await download;
  expect(await done.failure()).toBeNull();
  return { name: done.suggestedFilename(), hash: sha256(await done.path()) };
}
