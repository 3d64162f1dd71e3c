/** Every way in which a browser lets a page fetch a file; none of them opens it in the page's origin. */

import { truncate, writeFile } from 'node:fs/promises';
import { launch } from '../src/chromium';
import { drop, entry, onDisk, saved, sha256, transfer } from '../src/files';
import { filesOf, MB, placeLarge } from './files-stage';
import { expect, test } from './fixtures';

test('an uploaded HTML file does not run in the page’s origin', async ({ stage }) => {
  const { desk, viewer } = await filesOf(stage);
  const evil = await desk.file('evil.html', '<script>localStorage.setItem("stolen", "yes"); document.title = "taken"</script>');
  await drop(viewer, evil);
  await expect(entry(viewer, 'evil.html')).toBeVisible();
  const [address, pages] = [viewer.page.url(), viewer.context.pages().length];
  const download = viewer.page.waitForEvent('download');
  await entry(viewer, 'evil.html').locator('.entry').click();
  expect(await saved(download)).toEqual({ name: 'evil.html', hash: sha256(evil) });
  expect([viewer.page.url(), viewer.context.pages().length]).toEqual([address, pages]);
  expect(await viewer.page.evaluate(() => [localStorage.getItem('stolen'), document.title])).toEqual([null, 'Watchword']);
});

test('a large file goes to the file that a person chose', async ({ stage }) => {
  const { device, desk, viewer } = await filesOf(stage, { picker: 'own' });
  const source = await placeLarge(device, desk);
  await viewer.page.locator('button[name=open-files]').click();
  await entry(viewer, 'large.bin').locator('.entry').click();
  await expect(transfer(viewer, 'large.bin')).toContainText('fetched.');
  const hash = await viewer.page.evaluate(async () => {
    const file = await (await (await navigator.storage.getDirectory()).getFileHandle('large.bin')).getFile();
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await file.arrayBuffer()));
    return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  });
  expect(hash).toBe(sha256(source));
});

test('where nobody can be asked it streams through the service worker, and the page stays where it is', async ({ stage }) => {
  const browser = await launch(undefined, ['--ignore-certificate-errors']);
  stage.ends({ end: () => browser.close() });
  const { device, desk, viewer } = await filesOf(stage, { browser });
  const source = await placeLarge(device, desk);
  await viewer.page.locator('button[name=open-files]').click();
  const download = viewer.page.waitForEvent('download');
  await entry(viewer, 'large.bin').locator('.entry').click();
  expect((await download).url()).toContain('/download/');
  expect(await saved(download)).toEqual({ name: 'large.bin', hash: sha256(source) });
  await expect(transfer(viewer, 'large.bin')).toContainText('fetched.');
  await viewer.becomes('live');
  expect(viewer.page.url()).toBe(device.url);
});

test('where a service worker is refused it goes by the browser’s own files of this origin', async ({ stage }) => {
  const { device, desk, viewer } = await filesOf(stage);
  const source = await placeLarge(device, desk);
  await viewer.page.locator('button[name=open-files]').click();
  const download = viewer.page.waitForEvent('download');
  await entry(viewer, 'large.bin').locator('.entry').click();
  expect((await download).url()).toContain('blob:');
  expect(await saved(download)).toEqual({ name: 'large.bin', hash: sha256(source) });
  const own = await viewer.page.evaluate(async () => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('downloads');
    const names: string[] = [];
    for await (const name of folder.keys()) names.push(name);
    return names.length;
  });
  expect(own, 'it came over the disk').toBe(1);
});

test('where there is only memory the limit is said before anything is fetched', async ({ stage }) => {
  const { device, desk, viewer } = await filesOf(stage, { disk: false });
  const source = await placeLarge(device, desk);
  await writeFile(onDisk(device, 'huge.bin'), '');
  await truncate(onDisk(device, 'huge.bin'), 300 * MB);
  await viewer.page.locator('button[name=open-files]').click();
  await entry(viewer, 'huge.bin').locator('.entry').click();
  await expect(transfer(viewer, 'huge.bin')).toContainText('files of at most 268 MB');
  const download = viewer.page.waitForEvent('download');
  await entry(viewer, 'large.bin').locator('.entry').click();
  expect(await saved(download)).toEqual({ name: 'large.bin', hash: sha256(source) });
});
