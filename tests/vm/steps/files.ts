/** Files that viewers send to the service, and what of them is on the guest's disk. */

import { run } from '../../browser/src/child';
import { drop, sha256, transfer } from '../../browser/src/files';
import { inside } from '../../browser/src/network';
import { WATCHWORD } from '../../browser/src/paths';
import { expect, test } from '../../browser/src/playwright';
import { inGuest, NAMESPACE } from '../guest';
import { PAGE, type Stage } from './stage';

/** Little, for a machine that encodes at the same time, all by emulation. */
const SIZE = 400_017;

/** What has arrived, SHA-256 by name: later steps still want to find it. */
const SENT = new Map<string, string>();

export function filesArrive(stage: Stage): void {
  fileFromThePage(stage);

  test('a file that the command-line peer sends is there too, and comes back the same', async () => {
    const source = await stage.desk.file('from-a-terminal.bin', SIZE);
    await peer(stage, 'send', source);
    SENT.set('from-a-terminal.bin', sha256(source));
    await filesAreThere();
    const back = `${stage.desk.directory}/back.bin`;
    await peer(stage, 'get', 'from-a-terminal.bin', '-o', back);
    expect(sha256(back)).toBe(sha256(source));
  });
}

export function fileFromThePage(stage: Stage): void {
  test('a file dropped on the page is in /var/lib/watchword/files, whole, the service’s own', async () => {
    const source = await stage.desk.file('from the page.bin', SIZE);
    await drop(stage.viewer, source);
    await expect(transfer(stage.viewer, 'from the page.bin')).toContainText('sent.', { timeout: 90_000 });
    SENT.set('from the page.bin', sha256(source));
    await filesAreThere();
  });
}

/** All that was sent so far, with its bytes and its owner. */
export async function filesAreThere(owner = 'watchword:watchword'): Promise<void> {
  const printed = await inGuest('cd /var/lib/watchword/files && sha256sum * && stat --format="%U:%G" *');
  const lines = printed.trim().split('\n');
  const wanted = [...SENT].map(([name, hash]) => `${hash}  ${name}`);
  expect(lines.filter((line) => line.includes('  ')).toSorted()).toEqual(wanted.toSorted());
  expect(new Set(lines.filter((line) => !line.includes('  ')))).toEqual(new Set([owner]));
}

/** The command-line peer out here, with a state folder of its own. */
async function peer({ word, desk }: Stage, ...command: string[]): Promise<void> {
  const { code, child } = await run(inside(NAMESPACE, [WATCHWORD, ...command, '--server', PAGE.replace(/\/$/, '')]), {
    ...process.env,
    WATCHWORD_WORD: word,
    STATE_DIRECTORY: desk.directory,
  });
  expect(code, child.said()).toBe(0);
}
