/** The owner's commands: buttons on the page, `/run` in the chat, and nothing for those whose word does not allow them. */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, until } from '../src/child';
import type { Device } from '../src/daemon';
import { expect, test, type Stage } from './fixtures';

test('a button runs a command with its argument; its output and its end are shown', async ({ stage }) => {
  const { device, lamp } = await withLamp(stage);
  const viewer = await stage.viewer();
  await viewer.open(await linkOf(device, 'commands'));
  await viewer.becomes('live');
  const form = viewer.page.locator('form[name=lamp]');
  await form.locator('select[name=state]').selectOption('off');
  await form.getByRole('button', { name: 'Lamp' }).click();
  const shown = viewer.page.locator('.run').first();
  await expect(shown).toContainText('Done.');
  await expect(shown.locator('pre')).toContainText('the lamp is off');
  await expect(shown.locator('pre .error')).toContainText('<b>a warning</b>');
  expect(await readFile(lamp, 'utf8')).toBe('off');

  await viewer.page.locator('form[name=sleep]').getByRole('button').click();
  await viewer.page.locator('.run').first().getByRole('button', { name: 'Stop' }).click();
  await expect(viewer.page.locator('.run').first()).toContainText('Stopped.', { timeout: 5_000 });
  await expect(viewer.ask('command.run', { name: 'lamp', args: { state: 'off; touch /tmp/x' } })).rejects.toThrow(/has to be one of: on, off/);
});

test('/run in the chat is heard by its sender alone', async ({ stage }) => {
  const { device } = await withLamp(stage);
  const viewer = await stage.viewer();
  await viewer.open(await linkOf(device, 'chat,commands'));
  await viewer.becomes('live');
  const say = async (text: string): Promise<void> => {
    await viewer.page.locator('input[name=chat]').fill(text);
    await viewer.page.locator('input[name=chat]').press('Enter');
  };
  const last = viewer.page.locator('ol.messages > li.reply').last();
  await say('/run');
  await expect(last).toContainText('lamp STATE');
  await say('/run lamp on');
  await expect(viewer.page.locator('ol.messages')).toContainText('the lamp is on');
  await expect(last).toContainText('lamp is done.');
  await say('/run lamp dim');
  await expect(last).toContainText('has to be one of: on, off');
});

test('without the right there is no button, and no command', async ({ stage }) => {
  const { device, lamp } = await withLamp(stage);
  const viewer = await stage.viewer();
  await viewer.open(device.link);
  await viewer.becomes('live');
  await expect(viewer.ask('command.run', { name: 'lamp', args: { state: 'on' } })).rejects.toThrow(/-32000/);
  await expect(viewer.page.locator('watchword-commands form')).toHaveCount(0);
  await expect(readFile(lamp, 'utf8')).rejects.toThrow(/ENOENT/);
});

test('a viewer that leaves ends its command', async ({ stage }) => {
  const { device } = await withLamp(stage);
  const viewer = await stage.viewer();
  await viewer.open(await linkOf(device, 'commands'));
  await viewer.becomes('live');
  await viewer.ask('command.run', { name: 'sleep', args: {} });
  const sleeping = async (): Promise<boolean> => (await run(['pgrep', '--parent', String(device.pid), '-f', 'sleep 4321'])).code === 0;
  await until('it runs', sleeping);
  await viewer.leave();
  await until('it is gone', async () => !(await sleeping()), { within: 10_000 });
});

/** A device with a lamp that is a file, and a command that takes long. */
async function withLamp(stage: Stage): Promise<{ device: Device; lamp: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'watchword-lamp-'));
  stage.ends({ end: () => rm(folder, { recursive: true }) });
  const [lamp, script] = [join(folder, 'lamp'), join(folder, 'switch')];
  await writeFile(script, `#!/bin/sh\nprintf %s "$1" > '${lamp}'\necho "the lamp is $1"\necho '<b>a warning</b>' >&2\n`, { mode: 0o755 });
  const more = [
    '[[commands]]', 'name = "lamp"', 'label = "Lamp"', `run = ["${script}", "{state}"]`, 'args = { state = "on|off" }',
    '[[commands]]', 'name = "sleep"', 'run = ["/bin/sleep", "4321"]', 'timeout = 600',
  ].join('\n');
  return { device: await stage.device({ more }), lamp };
}

async function linkOf(device: Device, rights: string): Promise<string> {
  return `${device.url}#${await device.addWord(rights, '--allow', `watch,${rights}`)}`;
}
