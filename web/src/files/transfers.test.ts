import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Job } from './job';
import type { Event, State } from './state';
import { isActive, rest, transition } from './state';
import { AT_ONCE, Transfers, type Transfer } from './transfers';
import type { Link } from './wire';

const LINK = {} as Link;

/** A file whose attempts end when the test says so. */
class Attempts implements Job {
  readonly direction = 'up';
  readonly name = 'a';
  readonly path = 'files/a';
  readonly size = 10;
  readonly note = '';
  readonly flowing = false;
  moved = 0;
  /** How each attempt began. */
  fresh: boolean[] = [];
  dropped: boolean | undefined;
  finish: () => void = () => undefined;
  fail: (event: Event) => void = () => undefined;

  run(_link: Link, fresh: boolean): Promise<void> {
    this.fresh.push(fresh);
    return new Promise((resolve, reject) => {
      this.finish = resolve;
      this.fail = reject;
    });
  }

  stop(): void {
    this.fail({ type: 'trouble', message: 'stopped', moved: false });
  }

  judge(error: unknown): Event {
    return error as Event;
  }

  drop(_link: Link | undefined, running: boolean): void {
    this.dropped = running;
  }
}

let done: Transfer[] = [];
let failed: Transfer[] = [];
const listener = {
  changed: () => undefined,
  done: (transfer: Transfer) => void done.push(transfer),
  failed: (transfer: Transfer) => void failed.push(transfer),
};
let transfers = new Transfers(listener);

beforeEach(() => {
  vi.useFakeTimers();
  [done, failed] = [[], []];
  transfers = new Transfers(listener);
});
afterEach(() => {
  transfers.clear();
  vi.useRealTimers();
});

const names = (): string[] => transfers.all.map(({ state }) => state.name);
const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

test('two run, the rest wait for their turn', async () => {
  const jobs = Array.from({ length: AT_ONCE + 2 }, () => new Attempts());
  transfers.add(jobs);
  expect(names(), 'nothing runs without a session').toEqual(['waiting', 'waiting', 'waiting', 'waiting']);
  transfers.begin(LINK);
  await settle();
  expect(names()).toEqual(['running', 'running', 'waiting', 'waiting']);
  jobs[1]?.finish();
  await settle();
  expect(names()).toEqual(['running', 'done', 'running', 'waiting']);
  expect(done.length).toBe(1);
  jobs[0]?.fail({ type: 'failed', message: 'no room', fresh: false });
  await settle();
  expect(names()).toEqual(['failed', 'done', 'running', 'running']);
  expect(transfers.active).toBe(2);
  expect(failed.length).toBe(1);
});

test('a session’s end pauses what runs, and the next one goes on with it; what a person paused stays paused', async () => {
  const [first, second] = [new Attempts(), new Attempts()];
  const [a, b] = transfers.add([first, second]);
  transfers.begin(LINK);
  await settle();
  if (!a || !b) throw new Error('they are listed');
  transfers.pause(b);
  transfers.end();
  await settle();
  expect(names()).toEqual(['broken', 'paused']);
  transfers.begin({ ...LINK });
  await settle();
  expect(names()).toEqual(['running', 'paused']);
  expect(first.fresh).toEqual([false, false]);
  transfers.go(b);
  await settle();
  expect(names()).toEqual(['running', 'running']);
});

test('an attempt that broke off is tried again after a rest, longer each time, and given to a person in the end', async () => {
  const job = new Attempts();
  transfers.add([job]);
  transfers.begin(LINK);
  const break1 = async (moved: boolean): Promise<void> => {
    await settle();
    job.fail({ type: 'trouble', message: 'The connection broke.', moved });
    await settle();
  };
  for (let n = 1; n <= 8; n++) {
    await break1(false);
    expect(names()).toEqual(['resting']);
    await vi.advanceTimersByTimeAsync(rest(n) - 1);
    expect(names()).toEqual(['resting']);
    await vi.advanceTimersByTimeAsync(1);
    expect(names()).toEqual(['running']);
  }
  await break1(true);
  expect(names(), 'bytes moved, so it counts anew').toEqual(['resting']);
  for (let n = 1; n <= 8; n++) {
    await vi.advanceTimersByTimeAsync(15_000);
    await break1(false);
  }
  expect(transfers.all[0]?.state).toEqual({ name: 'failed', message: 'The connection broke.', fresh: false });
});

test('resumed before the last attempt has ended, it begins when that has', async () => {
  const job = new Attempts();
  const [transfer] = transfers.add([job]);
  transfers.begin(LINK);
  await settle();
  if (!transfer) throw new Error('it is listed');
  transfers.pause(transfer);
  transfers.go(transfer);
  await settle();
  expect([names(), job.fresh]).toEqual([['running'], [false, false]]);
  job.finish();
  await settle();
  expect(names()).toEqual(['done']);
});

test('what is taken off the list is given up, and makes room', async () => {
  const jobs = [new Attempts(), new Attempts(), new Attempts()];
  const [first, , third] = transfers.add(jobs);
  transfers.begin(LINK);
  await settle();
  if (!first || !third) throw new Error('they are listed');
  transfers.remove(first);
  await settle();
  expect([names(), jobs[0]?.dropped]).toEqual([['running', 'running'], true]);
  transfers.pause(third);
  transfers.remove(third);
  expect([names(), jobs[2]?.dropped]).toEqual([['running'], false]);
});

test('tried again after what came was wrong, it begins with nothing', async () => {
  const job = new Attempts();
  const [transfer] = transfers.add([job]);
  transfers.begin(LINK);
  await settle();
  job.fail({ type: 'failed', message: 'not what was announced', fresh: true });
  await settle();
  if (transfer) transfers.go(transfer);
  await settle();
  expect(job.fresh).toEqual([false, true]);
});

test('a person is asked about a name that is taken only where that helps', () => {
  const running: State = { name: 'running', fresh: false, tries: 0 };
  const message = 'There is something of this name already.';
  const asked = transition(running, { type: 'exists', message, ask: true });
  expect(asked).toEqual({ name: 'asking', message });
  expect(isActive(asked)).toBe(false);
  expect(transition(asked, { type: 'go' })).toEqual({ name: 'waiting', fresh: false, tries: 0 });
  expect(transition(running, { type: 'exists', message, ask: false })).toEqual({ name: 'failed', message, fresh: false });
});

test('what comes too late changes nothing', () => {
  const events: Event[] = [
    { type: 'start' }, { type: 'pause' }, { type: 'go' }, { type: 'lost' }, { type: 'back' }, { type: 'rested' }, { type: 'done' },
    { type: 'trouble', message: '', moved: true }, { type: 'failed', message: '', fresh: true }, { type: 'exists', message: '', ask: true },
  ];
  const over: State = { name: 'done' };
  for (const event of events) expect(transition(over, event)).toBe(over);
  const paused: State = { name: 'paused' };
  for (const event of events.filter(({ type }) => type !== 'go')) expect(transition(paused, event)).toBe(paused);
});
