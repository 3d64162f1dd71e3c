/** The arithmetic under `make bench`. */

import { figure, percentile, table } from '../../bench/figures';
import { expect, test } from '@playwright/test';

test('percentiles are values that were measured', () => {
  const samples = [9, 1, 8, 2, 7, 3, 6, 4, 5, 100];
  expect(percentile(samples, 50)).toBe(5);
  expect(percentile(samples, 95)).toBe(100);
  expect(percentile([3], 95)).toBe(3);
  expect(figure('x_ms', 'ms', samples)).toEqual({ name: 'x_ms', unit: 'ms', median: 5, p95: 100, n: 10 });
  expect(() => figure('x_ms', 'ms', [])).toThrow(/not measured/);
});

test('the table marks what is above its goal', () => {
  const text = table([figure('a', 'ms', [1]), figure('b', 'ms', [3]), figure('c', 'ms', [9])], { a: { median: 2 }, b: { median: 2, p95: 4 } });
  const rows = text.split('\n');
  expect(rows[1]).toMatch(/^a .*ok$/);
  expect(rows[2]).toMatch(/^b .*2 \/ 4 +above$/);
  expect(rows[3]).toMatch(/^c .*9 +9 +1$/);
});
