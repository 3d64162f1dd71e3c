/** Figures: many samples of one thing, as a row for a person and as a line for a program. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export interface Figure {
  name: string;
  unit: string;
  median: number;
  p95: number;
  /** Runs that were measured (sessions, processes), however many samples each gave. */
  n: number;
}

/** Fewer runs than this say nothing of a 95th percentile. */
export const RUNS = 7;

export function figure(name: string, unit: string, samples: readonly number[], n = samples.length): Figure {
  if (samples.length === 0) throw new Error(`${name} was not measured`);
  return { name, unit, median: rounded(percentile(samples, 50)), p95: rounded(percentile(samples, 95)), n };
}

/** The same of samples of which more is better: `p95` is what 95 of 100 reach. */
export function least(name: string, unit: string, samples: readonly number[]): Figure {
  return { ...figure(name, unit, samples), p95: rounded(percentile(samples, 5)) };
}

/** Nearest rank: a value that was really measured. */
export function percentile(samples: readonly number[], percent: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const rank = Math.max(1, Math.ceil((percent / 100) * sorted.length));
  return sorted[rank - 1] ?? NaN;
}

/** What is wished for on two shared cores, at most or at least; a figure that misses it is marked. */
export type Goals = Readonly<Record<string, { median?: number; p95?: number } | { least: number }>>;

export function table(figures: readonly Figure[], goals: Goals): string {
  const rows = figures.map(({ name, unit, median, p95, n }) => {
    const { wish, verdict } = judge(median, p95, goals[name]);
    return [name, unit, String(median), String(p95), String(n), wish, verdict];
  });
  const all = [['figure', 'unit', 'median', 'p95', 'n', 'goal', ''], ...rows];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => (column > 1 && column < 5 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0))).join('  ').trimEnd();
  return all.map(line).join('\n');
}

function judge(median: number, p95: number, goal: Goals[string] | undefined): { wish: string; verdict: string } {
  if (!goal) return { wish: '', verdict: '' };
  if ('least' in goal) return { wish: `>= ${goal.least}`, verdict: median < goal.least ? 'below' : 'ok' };
  const missed = median > (goal.median ?? Infinity) || p95 > (goal.p95 ?? Infinity);
  return { wish: [goal.median ?? '', goal.p95].filter((value) => value !== undefined).join(' / '), verdict: missed ? 'above' : 'ok' };
}

export function write(path: string, figures: readonly Figure[]): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, figures.map((one) => `${JSON.stringify(one)}\n`).join(''));
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
