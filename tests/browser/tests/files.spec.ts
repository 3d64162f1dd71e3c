/** Files through the page: dropped, walked, fetched and changed, on every screen. */

import { readdirSync } from 'node:fs';
import { mkdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '../src/child';
import { arrives, Desk, drop, entry, hold, onDisk, saved, sha256, transfer } from '../src/files';
import { Viewer } from '../src/viewer';
import { ALL, filesOf, MB, withoutPicker } from './files-stage';
import { expect, test } from './fixtures';

test('a file dropped on the page is on the disk, whole, and comes back byte for byte', async ({ stage }) => {
  const { device, desk, viewer } = await filesOf(stage);
  const photo = await desk.file('photo été 😀.jpg', 3 * MB + 17);
  const empty = await desk.file('empty', 0);
  await utimes(photo, new Date(2024, 4, 5), new Date(2024, 4, 5));
  await drop(viewer, photo, empty);
  await expect(transfer(viewer, 'photo été 😀.jpg')).toContainText('3.0 MB, sent.');
  await arrives(device, 'photo été 😀.jpg', photo);
  await arrives(device, 'empty', empty);
  await expect(entry(viewer, 'photo été 😀.jpg')).toContainText('3.0 MB · ');
  await expect(entry(viewer, 'photo été 😀.jpg')).toContainText('2024');
  for (const [name, source] of [['photo été 😀.jpg', photo], ['empty', empty]] as const) {
    const download = viewer.page.waitForEvent('download');
    await entry(viewer, name).locator('.entry').click();
    expect(await saved(download)).toEqual({ name, hash: sha256(source) });
  }
  await viewer.page.getByRole('button', { name: 'Clear' }).click();
  await expect(viewer.page.locator('watchword-transfers li')).toHaveCount(0);
  expect(viewer.complaints).toEqual([]);
});

test('a folder dropped is a folder on the disk, empty ones too; more files than run at once', async ({ stage }) => {
  const { device, desk, viewer } = await filesOf(stage);
  const names = Array.from({ length: 12 }, (_, n) => `trip/day ${n % 3}/${n}.bin`);
  for (const name of names) await desk.file(name, 200_000);
  await mkdir(join(desk.directory, 'trip/nothing/at all'), { recursive: true });
  await drop(viewer, join(desk.directory, 'trip'));
  for (const name of names) await arrives(device, name, join(desk.directory, name));
  await until('the empty folder is there', () => {
    try {
      return readdirSync(onDisk(device, 'trip/nothing/at all')).length === 0;
    } catch {
      return false;
    }
  });
  await entry(viewer, 'trip').locator('.entry').click();
  await entry(viewer, 'day 1').locator('.entry').click();
  await expect(entry(viewer, '4.bin')).toContainText('200 kB');
  await viewer.page.locator('watchword-files nav').getByRole('button', { name: 'files' }).click();
  await expect(entry(viewer, 'trip')).toBeVisible();
});

test('hundreds of small files are sent no faster than the device takes calls', async ({ stage }) => {
  test.setTimeout(120_000);
  const { device, desk, viewer } = await filesOf(stage);
  for (let n = 0; n < 400; n++) {
    await desk.file(`many/${n}`, 10);
    await mkdir(join(desk.directory, `many/empty ${n}`));
  }
  await drop(viewer, join(desk.directory, 'many'));
  await expect(viewer.page.locator('watchword-transfers h3')).toContainText('400 files, 400 done', { timeout: 60_000 });
  await expect.poll(() => readdirSync(onDisk(device, 'many')).length, { timeout: 30_000 }).toBe(800);
  await expect(viewer.page.locator('watchword-files [role=alert]')).toHaveText('');
  expect(await viewer.state()).toBe('live');
});

test('what the device refuses, it says; a name that is taken is replaced only when a person says so', async ({ stage }) => {
  const { device, desk, viewer } = await filesOf(stage);
  await drop(viewer, await desk.file('.watchword-mine', 10));
  await expect(transfer(viewer, '.watchword-mine')).toContainText('belong to the device');
  await drop(viewer, await desk.file('photo\u202egpj.exe', 10));
  await expect(viewer.page.locator('watchword-transfers li').filter({ hasText: 'photo\ufffdgpj.exe' })).toContainText('direction of text');

  await writeFile(onDisk(device, 'taken.txt'), 'the first');
  const second = await desk.file('taken.txt', 'the second one');
  await drop(viewer, second);
  await expect(transfer(viewer, 'taken.txt')).toContainText('Replace it?');
  expect(await readFile(onDisk(device, 'taken.txt'), 'utf8')).toBe('the first');
  await transfer(viewer, 'taken.txt').getByRole('button', { name: 'Replace it' }).click();
  await expect(transfer(viewer, 'taken.txt')).toContainText('sent.');
  await arrives(device, 'taken.txt', second);
});

test('renamed, removed, a new folder; and none of it for those who may not', async ({ stage }) => {
  const { device, viewer } = await filesOf(stage);
  await writeFile(onDisk(device, 'a.txt'), 'a');
  const panel = viewer.page.locator('watchword-files');
  await viewer.page.locator('button[name=open-files]').click();
  await panel.getByRole('button', { name: 'New folder' }).click();
  await panel.getByLabel('Name of the new folder').fill('deep');
  await viewer.page.keyboard.press('Enter');
  await expect(entry(viewer, 'deep')).toContainText('Folder');
  await entry(viewer, 'a.txt').getByRole('button', { name: /Rename/ }).click();
  await panel.getByLabel('New name of a.txt').fill('deep');
  await viewer.page.keyboard.press('Enter');
  await expect(panel.getByRole('alert')).toContainText('something of this name');
  await panel.getByLabel('New name of a.txt').fill('b.txt');
  await viewer.page.keyboard.press('Enter');
  await expect(entry(viewer, 'b.txt')).toBeVisible();
  expect(await readFile(onDisk(device, 'b.txt'), 'utf8')).toBe('a');
  await entry(viewer, 'b.txt').getByRole('button', { name: /Remove/ }).click();
  await panel.getByRole('button', { name: 'Remove', exact: true }).click();
  await expect(entry(viewer, 'b.txt')).toHaveCount(0);
  expect(readdirSync(onDisk(device)).filter((name) => !name.startsWith('.'))).toEqual(['deep']);

  const reader = await stage.viewer();
  await reader.open(`${device.url}#${await device.addWord('reader', '--allow', 'watch,files')}`);
  await reader.becomes('live');
  await reader.page.locator('button[name=open-files]').click();
  await expect(entry(reader, 'deep')).toBeVisible();
  await expect(reader.page.locator('watchword-files').getByRole('button', { name: /Send|New folder|Rename|Remove/ })).toHaveCount(0);
  const none = await stage.viewer();
  await none.open(device.link);
  await none.becomes('live');
  await expect(none.page.locator('button[name=open-chat]')).toBeVisible();
  await expect(none.page.locator('button[name=open-files]')).toHaveCount(0);
});

test('several folders of the owner’s, one of them to be read only; and a word that may send and see nothing', async ({ stage }) => {
  const desk = stage.ends(await Desk.make());
  const [photos, inbox] = [join(desk.directory, 'photos'), join(desk.directory, 'in')];
  await desk.file('photos/a.jpg', 1_000);
  await mkdir(inbox);
  const root = (name: string, path: string, writable: boolean): string =>
    `{ name = "${name}", path = "${path}", writable = ${writable} }`;
  const more = `[files]\nroots = [${root('photos', photos, false)}, ${root('inbox', inbox, true)}]\n`;
  const device = await stage.device({ more });
  const viewer = await stage.viewer();
  await withoutPicker(viewer);
  await viewer.open(`${device.url}#${await device.addWord('all', '--allow', ALL)}`);
  await viewer.becomes('live');
  await viewer.page.locator('button[name=open-files]').click();
  const sends = viewer.page.locator('button[name=send-files]');
  await expect(entry(viewer, 'photos')).toBeVisible();
  await expect(sends, 'the list of folders takes nothing').toHaveCount(0);
  const note = await desk.file('note.txt', 'hello');
  await hold(viewer, note);
  await expect(viewer.page.locator('watchword-picker[over]')).toHaveCount(1);
  await expect(viewer.page.locator('watchword-picker .zone')).toHaveText('Choose a folder of the device first.');
  await expect(viewer.page.locator('watchword-picker .zone')).toBeHidden();
  await entry(viewer, 'photos').locator('.entry').click();
  await expect(entry(viewer, 'a.jpg')).toBeVisible();
  await expect(sends).toHaveCount(0);
  await expect(entry(viewer, 'a.jpg').getByRole('button', { name: /Rename|Remove/ })).toHaveCount(0);
  await viewer.page.locator('watchword-files nav').getByRole('button', { name: 'Device' }).click();
  await entry(viewer, 'inbox').locator('.entry').click();
  await drop(viewer, note);
  await expect(entry(viewer, 'note.txt')).toBeVisible();
  expect(await readFile(join(inbox, 'note.txt'), 'utf8')).toBe('hello');

  const own = await stage.device();
  const sender = await stage.viewer();
  await sender.open(`${own.url}#${await own.addWord('sender', '--allow', 'watch,upload')}`);
  await sender.becomes('live');
  await sender.page.locator('button[name=open-files]').click();
  await expect(sender.page.locator('watchword-files')).toContainText('not to be seen there');
  await drop(sender, note);
  await expect(transfer(sender, 'note.txt')).toContainText('sent.');
  await arrives(own, 'note.txt', note);
});

test('/put, /get and /snapshot are carried out by the page; the picture is a JPEG', async ({ stage }) => {
  const { device, desk, viewer } = await filesOf(stage);
  const say = async (text: string): Promise<void> => {
    await viewer.page.locator('input[name=chat]').fill(text);
    await viewer.page.locator('input[name=chat]').press('Enter');
  };
  const last = viewer.page.locator('ol.messages > li.reply').last();
  const put = await desk.file('put.txt', 'put');
  const chooser = viewer.page.waitForEvent('filechooser');
  await say('/put');
  await (await chooser).setFiles(put);
  await arrives(device, 'put.txt', put);
  await viewer.page.locator('button[name=open-chat]').click();
  const download = viewer.page.waitForEvent('download');
  await say('/get put.txt');
  expect(await saved(download)).toEqual({ name: 'put.txt', hash: sha256(put) });
  await expect(last).toContainText('files/put.txt is being fetched.');
  await say('/get nothing.txt');
  await expect(last).toContainText('no file or folder of this name');
  const picture = viewer.page.waitForEvent('download');
  await say('/snapshot');
  const taken = await picture;
  expect(taken.suggestedFilename()).toMatch(/^snapshot-\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d\.jpg$/);
  const jpeg = await readFile(await taken.path());
  expect([jpeg[0], jpeg[1], jpeg.at(-2), jpeg.at(-1)], 'SOI and EOI of a JPEG').toEqual([0xff, 0xd8, 0xff, 0xd9]);
  const again = viewer.page.waitForEvent('download');
  await viewer.page.locator('button[name=snapshot]').click();
  expect((await again).suggestedFilename()).toMatch(/\.jpg$/);
});

test('a folder of many files is shown in parts', async ({ stage }) => {
  const { device, viewer } = await filesOf(stage);
  await mkdir(onDisk(device, 'many'));
  await Promise.all(Array.from({ length: 900 }, (_, n) => writeFile(onDisk(device, `many/${String(n).padStart(4, '0')}${'x'.repeat(60)}`), '')));
  await viewer.page.locator('button[name=open-files]').click();
  await entry(viewer, 'many').locator('.entry').click();
  const rows = viewer.page.locator('watchword-files .list li');
  await expect(rows.first()).toBeVisible();
  const more = viewer.page.locator('button[name=more]');
  await expect(more).toBeVisible();
  while (await more.isVisible()) {
    const before = await rows.count();
    await more.click();
    await expect.poll(() => rows.count()).toBeGreaterThan(before);
  }
  await expect(rows).toHaveCount(900);
});

for (const [screen, size] of [['phone', { width: 390, height: 844 }], ['desktop', { width: 1280, height: 800 }]] as const) {
  test(`all of it on a screen of a ${screen}`, async ({ stage, chromium }, info) => {
    const device = await stage.device();
    const desk = stage.ends(await Desk.make());
    const viewer = await Viewer.arrive(chromium, size);
    stage.ends({ end: () => viewer.leave() });
    await withoutPicker(viewer);
    await viewer.open(`${device.url}#${await device.addWord('screen', '--allow', `watch,listen,${ALL}`)}`);
    await viewer.becomes('live');
    await expect(viewer.page.getByText('Tap for sound')).toBeVisible();
    expect(await cramped(viewer), 'buttons whose text does not fit, or that leave the screen').toEqual([]);
    await viewer.page.screenshot({ path: info.outputPath(`${screen}-live.png`) });
    await mkdir(onDisk(device, 'holidays/in the mountains, far away from everything/day one'), { recursive: true });
    await writeFile(onDisk(device, 'notes for the next time, with a very long name that does not fit.txt'), 'x'.repeat(1_234));
    await writeFile(onDisk(device, 'taken.txt'), 'there');
    await viewer.page.locator('button[name=open-files]').click();
    await expect(entry(viewer, 'holidays')).toBeVisible();
    await viewer.page.screenshot({ path: info.outputPath(`${screen}-list.png`) });
    await drop(viewer, await desk.file('photo.jpg', 800_000), await desk.file('taken.txt', 'new'), await desk.file('.watchword-x', 5));
    await expect(transfer(viewer, 'photo.jpg')).toContainText('sent.');
    await expect(transfer(viewer, 'taken.txt')).toContainText('Replace it?');
    await transfer(viewer, 'taken.txt').scrollIntoViewIfNeeded();
    await viewer.page.screenshot({ path: info.outputPath(`${screen}-transfers.png`) });
    for (const name of ['holidays', 'in the mountains, far away from everything', 'day one']) await entry(viewer, name).locator('.entry').click();
    await expect(viewer.page.locator('watchword-files nav li').last()).toBeInViewport();
    await viewer.page.screenshot({ path: info.outputPath(`${screen}-deep.png`) });
    const panel = await viewer.page.locator('watchword-files').boundingBox();
    expect((panel?.x ?? 0) + (panel?.width ?? 0), 'nothing is beside the screen').toBeLessThanOrEqual(size.width);
    expect(await viewer.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(size.width);
    for (const button of await viewer.page.locator('watchword-stage .buttons button:visible').all()) {
      const box = await button.boundingBox();
      expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(size.width);
    }
    await viewer.page.locator('watchword-files nav').getByRole('button', { name: 'files' }).click();
    await entry(viewer, 'holidays').getByRole('button', { name: /Rename/ }).click();
    await viewer.page.screenshot({ path: info.outputPath(`${screen}-rename.png`) });
    const download = viewer.page.waitForEvent('download');
    await entry(viewer, 'photo.jpg').locator('.entry').click();
    expect((await saved(download)).hash).toBe(sha256(join(desk.directory, 'photo.jpg')));
  });
}

/** Names of buttons beneath the picture that are higher than a line, narrower than their text, or beside the screen. */
async function cramped(viewer: Viewer): Promise<string[]> {
  return await viewer.page.locator('[role=toolbar] button:visible').evaluateAll((buttons) =>
    buttons.flatMap((button) => {
      const { left, right, height } = button.getBoundingClientRect();
      const fits = height < 64 && button.scrollWidth <= button.clientWidth && left >= 0 && right <= innerWidth;
      return fits ? [] : [button.getAttribute('name') ?? '?'];
    }),
  );
}
