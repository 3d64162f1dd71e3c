/** The virtual machine that `run` has started, as a test speaks to it. */

import { readFile, rename, writeFile } from 'node:fs/promises';
import { until } from '../browser/src/child';

const FOLDER = given('WATCHWORD_VM_FOLDER');

/** The network namespace of the host's end of the cable, where a browser reaches the guest. */
export const NAMESPACE = given('WATCHWORD_VM_NAMESPACE');
/** The guest's processor, as Debian calls it. */
export const ARCHITECTURE = given('WATCHWORD_VM_ARCH');
/** The guest's end of it. */
export const ADDRESS = given('WATCHWORD_VM_ADDRESS');

let asked = 0;

/**
 * Runs a shell script in the guest up to the first command that fails, and returns what it printed; throws, with that,
 * when one failed.
 * The guest takes scripts one after the other: one that waits keeps the next waiting.
 */
export async function inGuest(script: string, within = 30_000): Promise<string> {
  const name = `test-${process.pid}-${String(++asked).padStart(3, '0')}`;
  await writeFile(`${FOLDER}/ask/${name}.part`, `set -e\n${script}`);
  await rename(`${FOLDER}/ask/${name}.part`, `${FOLDER}/ask/${name}.sh`);
  const answer = (ending: string): Promise<string> => readFile(`${FOLDER}/answer/${name}.${ending}`, 'utf8');
  const status = (await until(`the guest has run ${script}`, () => answer('status').catch(() => undefined), { within })).trim();
  const printed = await answer('log');
  if (status !== '0') throw new Error(`in the guest, status ${status}:\n${script}\n${printed}`);
  return printed;
}

/** What the daemon has open of cameras, in the guest: their nodes, and their buffers. */
export async function camerasHeld(): Promise<string[]> {
  const main = 'systemctl show --value --property MainPID watchword';
  const held = await inGuest(`ls -l /proc/$(${main})/fd | grep -oE '/dev/video.*|/dmabuf.*' || true`);
  return held.split('\n').filter((line) => line !== '');
}

/** How many of the camera's buffers it holds: none while nobody watches. */
export async function camerasStreaming(): Promise<number> {
  return (await camerasHeld()).filter((held) => held.startsWith('/dmabuf')).length;
}

function given(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: these tests are started by tests/vm/run`);
  return value;
}
