/** Once before all tests: everything that they start is there. */

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { CHROMIUM, NETEM, ROOT, WATCHWORD } from './paths';

export default function setup(): void {
  need(WATCHWORD, 'build it with `scripts/build-page && cargo build --package watchword`, or set WATCHWORD_BIN');
  need(CHROMIUM, 'install Debian’s `chromium`, or set WATCHWORD_CHROMIUM');
  if (process.env.WATCHWORD_NETEM_BIN === undefined) {
    execFileSync('cargo', ['build', '--quiet', '--package', 'watchword-netem'], { cwd: ROOT, stdio: 'inherit' });
  }
  need(NETEM, 'build it with `cargo build --package watchword-netem`, or set WATCHWORD_NETEM_BIN');
  if (process.getuid?.() !== 0) {
    throw new Error('These tests make network namespaces and start real-time processes: run them as root.');
  }
}

function need(path: string, todo: string): void {
  if (!existsSync(path)) throw new Error(`${path} is missing: ${todo}.`);
}
