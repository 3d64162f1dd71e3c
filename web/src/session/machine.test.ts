import { expect, test } from 'vitest';
import type { RefusalCode } from '../signal/messages';
import { pause, transition, type Effect, type Event, type State, type Trouble } from './machine';

const IDLE: State = { name: 'idle' };
const LIVE: State = { name: 'live' };
const failed = (now = 0, random = 0.5): Event => ({ type: 'failed', fault: 'unreachable', now, random });
const refused = (code: RefusalCode, retry_after?: number): Event => ({
  type: 'refused', now: 1_000, random: 0.5,
  refusal: { code, message: 'Why.', ...(retry_after === undefined ? {} : { retry_after }) },
});

/** Goes through events; gives the last state, its effect, and all the names on the way. */
function walk(from: State, ...events: Event[]): { state: State; effect: Effect; names: string[] } {
  let [state, effect]: [State, Effect] = [from, { do: 'nothing' }];
  const names: string[] = [];
  for (const event of events) {
    [state, effect] = transition(state, event);
    names.push(state.name);
  }
  return { state, effect, names };
}

const TO_LIVE: Event[] = [{ type: 'go' }, { type: 'found' }, { type: 'proved' }, { type: 'live' }];

test('from a word to the picture', () => {
  expect(walk(IDLE, ...TO_LIVE).names).toEqual(['looking', 'checking', 'connecting', 'live']);
  expect(walk(IDLE, { type: 'go' }).effect).toEqual({ do: 'begin' });
});

test('a device that is away is waited for', () => {
  const away = walk(IDLE, { type: 'go' }, { type: 'absent' });
  expect(away.state.name).toBe('away');
  expect(away.effect).toEqual({ do: 'nothing' });
  const back = walk(away.state, { type: 'present' }, { type: 'found' }, { type: 'proved' }, { type: 'live' });
  expect(back.names).toEqual(['looking', 'checking', 'connecting', 'live']);
});

test('the line breaks while the device is away: another one, and still away', () => {
  const broken = walk(IDLE, { type: 'go' }, { type: 'absent' }, failed());
  expect(broken.state).toMatchObject({ name: 'away', pausing: true });
  expect(broken.effect.do).toBe('pause');
  expect(walk(broken.state, { type: 'wake' })).toMatchObject({ state: { name: 'away' }, effect: { do: 'begin' } });
});

test('a session that dies comes back at once, and by itself', () => {
  const lost = walk(LIVE, { type: 'failed', fault: 'still', now: 5, random: 0.9 });
  expect(lost.state).toMatchObject({ name: 'lost', stage: 'pausing', trouble: { fault: 'still', since: 5, tries: 0 } });
  expect(lost.effect).toEqual({ do: 'pause', ms: 0 });
  const back = walk(lost.state, { type: 'wake' }, { type: 'found' }, { type: 'proved' }, { type: 'live' });
  expect(back.names).toEqual(['lost', 'lost', 'lost', 'live']);
  expect(walk(lost.state, { type: 'wake' }).effect).toEqual({ do: 'begin' });
});

test('who was live stays lost through failed attempts, and is away when the device is', () => {
  const lost = walk(LIVE, failed(0), { type: 'wake' }, failed(10), { type: 'wake' }, { type: 'found' }, failed(20));
  expect(lost.state).toMatchObject({ name: 'lost', trouble: { since: 0, tries: 2 } });
  expect(walk(lost.state, { type: 'wake' }, { type: 'absent' }).state.name).toBe('away');
});

test('pauses are jittered, grow, and stay at most 2 s in the first minute', () => {
  const trouble = (tries: number): Trouble => ({ since: 0, tries, fault: 'unreachable', message: '' });
  expect(pause(trouble(0), 0, 0.99)).toBe(0);
  for (let tries = 1; tries < 200; tries++) {
    for (const random of [0, 0.5, 0.999]) {
      const soon = pause(trouble(tries), 59_999, random);
      expect(soon).toBeGreaterThanOrEqual(250);
      expect(soon).toBeLessThanOrEqual(2_000);
      expect(pause(trouble(tries), 60_000, random)).toBeLessThanOrEqual(15_000);
    }
  }
  expect(pause(trouble(5), 1_000, 0)).not.toBe(pause(trouble(5), 1_000, 0.9));
});

test('trouble is over when the session is live', () => {
  const again = walk(LIVE, failed(0), { type: 'wake' }, failed(9), { type: 'wake' }, { type: 'live' }, failed(99));
  expect(again.state).toMatchObject({ name: 'lost', trouble: { since: 99, tries: 0 } });
});

test.each<Event>([{ type: 'wrong-word' }, refused('proof-failed')])(
  'after a failed proof only a person tries again: $type',
  (event) => {
    for (const from of [walk(IDLE, { type: 'go' }, { type: 'found' }).state, walk(LIVE, failed(), { type: 'wake' }).state]) {
      const { state, effect } = walk(from, event);
      expect(state).toMatchObject({ name: 'refused', reason: 'wrong-word', retryAt: undefined });
      expect(effect).toEqual({ do: 'end' });
      const later = walk(state, { type: 'wake' }, failed(), { type: 'present' }, { type: 'found' }, { type: 'live' });
      expect(later.state).toEqual(state);
      expect(later.effect).toEqual({ do: 'nothing' });
      expect(walk(state, { type: 'go' }).effect).toEqual({ do: 'begin' });
    }
  },
);

test('a device with another key waits for consent', () => {
  const { state, effect } = walk(IDLE, { type: 'go' }, { type: 'found' }, { type: 'changed-key' });
  expect(state).toMatchObject({ name: 'refused', reason: 'changed-key' });
  expect(effect).toEqual({ do: 'end' });
  expect(walk(state, { type: 'wake' }).effect).toEqual({ do: 'nothing' });
});

test('a refusal before the guess counts down and is tried again', () => {
  const { state, effect } = walk(IDLE, { type: 'go' }, refused('try-later', 7));
  expect(state).toMatchObject({ name: 'refused', reason: 'later', retryAt: 8_000, message: 'Why.' });
  expect(effect).toEqual({ do: 'pause', ms: 7_000 });
  expect(walk(state, { type: 'wake' })).toMatchObject({ state: { name: 'looking' }, effect: { do: 'begin' } });
});

test('refused again and again without a time given, the page waits longer', () => {
  const once = walk(IDLE, { type: 'go' }, refused('too-many-sessions'));
  const thrice = walk(once.state, { type: 'wake' }, refused('too-many-sessions'), { type: 'wake' }, refused('too-many-sessions'));
  expect(once.effect.do === 'pause' && once.effect.ms).toBeGreaterThan(0);
  expect(thrice.effect.do === 'pause' && thrice.effect.ms).toBeGreaterThan(once.effect.do === 'pause' ? once.effect.ms : 0);
});

test('a refusal for good is final', () => {
  expect(walk(IDLE, { type: 'go' }, refused('bad-place'))).toMatchObject({
    state: { name: 'refused', reason: 'other', message: 'Why.', retryAt: undefined }, effect: { do: 'end' },
  });
});

test('bye: a restart brings one back, a removed word does not', () => {
  const bye = (again: boolean): Event => ({ type: 'bye', reason: 'Restart.', again, now: 3 });
  expect(walk(LIVE, bye(true))).toMatchObject({ state: { name: 'lost' }, effect: { do: 'pause' } });
  expect(walk(LIVE, bye(false))).toMatchObject({
    state: { name: 'refused', reason: 'other', message: 'Restart.' }, effect: { do: 'end' },
  });
});

test('leaving ends everything, from everywhere; what comes late is not heard', () => {
  const states = [IDLE, LIVE, walk(IDLE, { type: 'go' }).state, walk(LIVE, failed()).state, walk(IDLE, { type: 'go' }, { type: 'absent' }).state];
  for (const from of states) {
    const { state, effect } = walk(from, { type: 'leave' });
    expect([state, effect]).toEqual([IDLE, { do: 'end' }]);
  }
  const late: Event[] = [{ type: 'found' }, { type: 'live' }, { type: 'absent' }, { type: 'wake' }, failed(), refused('try-later', 1)];
  for (const event of late) expect(transition(IDLE, event)).toEqual([IDLE, { do: 'nothing' }]);
});
