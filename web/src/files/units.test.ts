import { expect, test } from 'vitest';
import { Rate } from './rate';
import { date, size, speed, timeLeft } from './units';

test.each([
  [0, '0 bytes'], [1, '1 byte'], [999, '999 bytes'], [1_000, '1.0 kB'], [1_549, '1.5 kB'], [9_949, '9.9 kB'],
  [9_960, '10 kB'], [999_499, '999 kB'], [999_500, '1.0 MB'], [4_294_967_296, '4.3 GB'], [5e15, '5000 TB'],
])('%d is %s', (bytes, text) => expect(size(bytes)).toBe(text));

test.each([
  [0.2, '1 s left'], [59.4, '59 s left'], [59.6, '1 min left'], [3_540, '59 min left'], [3_600, '1 h left'],
  [7_500, '2 h 5 min left'], [1e9, 'days left'],
])('%d seconds are %s', (seconds, text) => expect(timeLeft(seconds)).toBe(text));

test('a day is told of what is older than today', () => {
  const now = new Date(2026, 5, 1, 12).getTime();
  expect(date(0, now)).toBe('');
  expect(date(now - 60_000, now)).toMatch(/59/);
  expect(date(now - 86_400_000, now)).toMatch(/2026/);
});

test('speed is that of the last seconds, and time left follows it', () => {
  const rate = new Rate();
  rate.note(0, 0);
  expect(rate.speed).toBeUndefined();
  expect(rate.left(10)).toBeUndefined();
  for (let second = 1; second <= 10; second++) rate.note(second * 1_000, second * 1_000_000);
  for (let second = 11; second <= 16; second++) rate.note(second * 1_000, 10_000_000 + (second - 10) * 4_000_000);
  expect(speed(rate.speed ?? 0)).toBe('4.0 MB/s');
  expect(rate.left(8_000_000)).toBe(2);
  rate.note(17_000, 5_000);
  expect(rate.speed, 'after a break it begins anew').toBeUndefined();
});

test('what stands still has no time left that could be told', () => {
  const rate = new Rate();
  for (let second = 0; second < 8; second++) rate.note(second * 1_000, 7);
  expect([rate.speed, rate.left(5)]).toEqual([0, undefined]);
});
