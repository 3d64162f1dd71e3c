import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Control } from './control';
import type { Peer } from './peer';
import { Watch } from './watch';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const never = (): Promise<never> => new Promise(() => undefined);

function watch(stats: () => Promise<RTCStatsReport>): { faults: string[]; watch: Watch } {
  const faults: string[] = [];
  const peer = { stats } as unknown as Peer;
  const control = { request: never } as unknown as Control;
  const listener = { vitals: () => undefined, fault: (verdict: string) => faults.push(verdict), watched: () => true };
  return { faults, watch: new Watch(peer, control, listener) };
}

test.each([
  ['never answers', never],
  ['answers with an error', () => Promise.reject(new Error('closed'))],
  ['has nothing new', () => Promise.resolve(new Map() as unknown as RTCStatsReport)],
])('a device that is gone is noticed within 6 s, also where the browser %s', async (_, stats) => {
  const { faults } = watch(stats);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(faults).toEqual([]);
  await vi.advanceTimersByTimeAsync(4_000);
  expect(faults).toEqual(['silent']);
});

test('who was told to stop says nothing', async () => {
  const { faults, watch: stopped } = watch(never);
  stopped.stop();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(faults).toEqual([]);
});
