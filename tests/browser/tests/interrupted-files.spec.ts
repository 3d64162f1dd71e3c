/** Files stopped on their way, in every way: they go on where they were, and are whole in the end. */

import { readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { arrives, drop, entry, onDisk, saved, sha256, transfer } from '../src/files';
import { choose, filesOf, MB, moves, partials, putOffset, sentBytes, SLOW } from './files-stage';
import { expect, test } from './fixtures';

test('paused, resumed, cancelled: what is paused goes on where it was, what is cancelled leaves nothing', async ({ stage }) => {
  const { device, desk, viewer } = await filesOf(stage, { slow: true });
  const [kept, dropped] = [await desk.file('kept.bin', 12 * MB), await desk.file('dropped.bin', 15 * MB)];
  await drop(viewer, kept, dropped);
  await moves(viewer, 'kept.bin', 3 * MB);
  await moves(viewer, 'dropped.bin', 2 * MB);
  await expect(transfer(viewer, 'kept.bin')).toContainText(/MB\/s|kB\/s/);
  await expect(transfer(viewer, 'kept.bin')).toContainText('left');
  await transfer(viewer, 'kept.bin').getByRole('button', { name: /Pause/ }).click();
  await expect(transfer(viewer, 'kept.bin')).toContainText(/Paused: .* of 12 MB/);
  await transfer(viewer, 'dropped.bin').getByRole('button', { name: /Cancel/ }).click();
  await expect(transfer(viewer, 'dropped.bin')).toHaveCount(0);
  await expect.poll(() => partials(device), { message: 'only the paused one is unfinished', timeout: 20_000 }).toHaveLength(1);
  const offset = putOffset(viewer);
  await transfer(viewer, 'kept.bin').getByRole('button', { name: /Resume/ }).click();
  await arrives(device, 'kept.bin', kept);
  await expect(transfer(viewer, 'kept.bin')).toContainText('sent.');
  expect(await offset, 'it went on where it was').toBeGreaterThan(0);
  expect(partials(device)).toEqual([]);
  expect(readdirSync(onDisk(device)).filter((name) => !name.startsWith('.'))).toEqual(['kept.bin']);
});

test('the page loaded again in the middle of an upload: the file chosen again, it goes on and arrives whole', async ({ stage }) => {
  const { device, desk, viewer } = await filesOf(stage, { slow: true });
  const path = await desk.file('long.bin', 12 * MB);
  await viewer.page.locator('button[name=open-files]').click();
  await choose(viewer, viewer.page.locator('button[name=send-files]'), path);
  await moves(viewer, 'long.bin', 4 * MB);
  await viewer.page.reload({ waitUntil: 'commit' });
  await viewer.becomes('live', 20_000);
  await viewer.page.locator('button[name=open-files]').click();
  await expect(transfer(viewer, 'long.bin')).toContainText('choose the file again to go on');

  const other = await desk.file('other/long.bin', 12 * MB);
  await choose(viewer, transfer(viewer, 'long.bin').locator('button[name=choose-again]'), other);
  await expect(viewer.page.locator('watchword-files [role=alert]')).toContainText('another file');
  const offset = putOffset(viewer);
  await choose(viewer, transfer(viewer, 'long.bin').locator('button[name=choose-again]'), path);
  await arrives(device, 'long.bin', path);
  expect(await offset, 'it went on where it was').toBeGreaterThan(0);
  await viewer.page.reload({ waitUntil: 'commit' });
  await viewer.becomes('live', 20_000);
  await viewer.page.locator('button[name=open-files]').click();
  await expect(entry(viewer, 'long.bin')).toBeVisible();
  await expect(viewer.page.locator('watchword-transfers li'), 'what is done is not kept').toHaveCount(0);
});

test('the device killed in the middle: uploads and downloads go on by themselves', async ({ stage }) => {
  test.setTimeout(120_000);
  const { device, desk, viewer } = await filesOf(stage, { slow: true });
  const up = await desk.file('up.bin', 25 * MB);
  await writeFile(onDisk(device, 'down.bin'), await readFile(await desk.file('down.bin', 25 * MB)));
  await viewer.page.locator('button[name=open-files]').click();
  const download = viewer.page.waitForEvent('download', { timeout: 90_000 });
  await entry(viewer, 'down.bin').locator('.entry').click();
  await drop(viewer, up);
  await moves(viewer, 'up.bin', 2 * MB);
  await moves(viewer, 'down.bin', 2 * MB);
  await device.kill();
  await expect(transfer(viewer, 'up.bin')).toContainText('Goes on by itself');
  await device.start();
  await viewer.becomes('live', 30_000);
  await arrives(device, 'up.bin', up, 60_000);
  expect((await saved(download)).hash).toBe(sha256(join(desk.directory, 'down.bin')));
  await expect(transfer(viewer, 'up.bin')).toContainText('sent.');
});

test('the network gone for 10 s: uploads and downloads go on by themselves', async ({ stage }) => {
  test.setTimeout(120_000);
  const { device, desk, viewer, network } = await filesOf(stage, { slow: true });
  const up = await desk.file('up.bin', 25 * MB);
  await writeFile(onDisk(device, 'down.bin'), await readFile(await desk.file('down.bin', 25 * MB)));
  await viewer.page.locator('button[name=open-files]').click();
  const download = viewer.page.waitForEvent('download', { timeout: 90_000 });
  await entry(viewer, 'down.bin').locator('.entry').click();
  await drop(viewer, up);
  await moves(viewer, 'up.bin', 2 * MB);
  await moves(viewer, 'down.bin', 2 * MB);
  await network?.cut();
  await viewer.page.waitForTimeout(10_000);
  await network?.shape(SLOW);
  await arrives(device, 'up.bin', up, 60_000);
  expect((await saved(download)).hash).toBe(sha256(join(desk.directory, 'down.bin')));
  expect(partials(device)).toEqual([]);
});

test('the page loaded again: a file that was dropped goes on by the handle that the browser kept', async ({ stage }) => {
  const { device, desk, viewer } = await filesOf(stage, { slow: true });
  const path = await desk.file('long.bin', 12 * MB);
  await drop(viewer, path);
  await moves(viewer, 'long.bin', 4 * MB);
  await viewer.page.reload({ waitUntil: 'commit' });
  await viewer.becomes('live', 20_000);
  await viewer.page.locator('button[name=open-files]').click();
  // Headless, the browser gives the leave to read by itself; else a person is asked.
  const goOn = transfer(viewer, 'long.bin').getByRole('button', { name: 'Go on' });
  await expect(transfer(viewer, 'long.bin')).toBeVisible();
  if (await goOn.isVisible()) await goOn.click();
  await arrives(device, 'long.bin', path);
  expect(await sentBytes(viewer), 'not all of it was sent twice').toBeLessThan(10 * MB);
});

test('another file of the same name and size takes the place of one that was not finished', async ({ stage }) => {
  const { device, desk, viewer } = await filesOf(stage, { slow: true });
  const [first, second] = [await desk.file('same.bin', 8 * MB), await desk.file('other/same.bin', 8 * MB)];
  await drop(viewer, first);
  await moves(viewer, 'same.bin', 3 * MB);
  await transfer(viewer, 'same.bin').getByRole('button', { name: /Pause/ }).click();
  await drop(viewer, second);
  await arrives(device, 'same.bin', second);
  await expect(viewer.page.locator('watchword-transfers li')).toHaveCount(1);
  expect(partials(device)).toEqual([]);
});
