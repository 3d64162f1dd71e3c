/** The package on an emulated 64-bit ARM board: tests/vm does the work and leaves figures. */

import { readFileSync, rmSync } from 'node:fs';
import { run } from '../browser/src/child';
import { ROOT } from '../browser/src/paths';
import type { Figure } from './figures';

export const BOARD = ['arm64_cold_start_ms', 'arm64_rss_mb_0_viewers', 'arm64_rss_mb_1_viewers'];

const FIGURES = `${ROOT}target/bench/arm64.jsonl`;

/** Builds the package for the board first, where it is not built. */
export async function board(): Promise<Figure[]> {
  rmSync(FIGURES, { force: true });
  console.log('Building for arm64, and starting a virtual board');
  const { code, child } = await run([`${ROOT}tests/vm/run`, 'figures', 'arm64']);
  if (code !== 0) throw new Error(`tests/vm/run figures arm64 failed:\n${child.said()}`);
  const lines = readFileSync(FIGURES, 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Figure);
}
