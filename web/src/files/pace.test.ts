import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Pace } from './pace';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a thousand calls at once are made in order, and no faster than the device takes them', async () => {
  const pace = new Pace();
  const made: number[] = [];
  for (let n = 0; n < 1_000; n++) void pace.next().then(() => made.push(n));
  await vi.advanceTimersByTimeAsync(0);
  expect(made.length, 'some at once').toBe(60);
  for (let second = 1; second <= 10; second++) {
    await vi.advanceTimersByTimeAsync(1_000);
    expect(Math.abs(made.length - 60 - second * 35), `after ${second} s`).toBeLessThanOrEqual(2);
  }
  expect(made).toEqual(made.toSorted((a, b) => a - b));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(made.length).toBe(1_000);
  let soon = false;
  void pace.next().then(() => (soon = true));
  await vi.advanceTimersByTimeAsync(0);
  expect(soon, 'after a pause nothing waits').toBe(true);
});
