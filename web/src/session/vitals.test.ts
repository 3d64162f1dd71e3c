import { expect, test } from 'vitest';
import { Pulse, readVitals, type Verdict } from './vitals';

/** A second a step; the verdicts. */
function watch(pulse: Pulse, from: number, steps: { bytes: number; framesDecoded: number; watched?: boolean }[]): Verdict[] {
  return steps.map(({ watched = true, ...vitals }, index) => pulse.judge(from + index * 1_000, vitals, watched));
}

test('bytes and frames that go on are well', () => {
  const steps = Array.from({ length: 20 }, (_, index) => ({ bytes: index * 100, framesDecoded: index * 30 }));
  expect(new Set(watch(new Pulse(0), 0, steps))).toEqual(new Set(['well']));
});

test('nothing for 3 s is silence', () => {
  const steps = Array.from({ length: 5 }, () => ({ bytes: 100, framesDecoded: 30 }));
  expect(watch(new Pulse(0), 0, steps)).toEqual(['well', 'well', 'well', 'silent', 'silent']);
});

test('an answer on the control channel is a sign of life', () => {
  const pulse = new Pulse(0);
  const verdicts = [0, 1, 2, 3, 4, 5].map((second) => {
    pulse.heard(second * 1_000);
    return pulse.judge(second * 1_000, { bytes: 7, framesDecoded: 0 }, false);
  });
  expect(new Set(verdicts)).toEqual(new Set(['well']));
});

test('the same picture for 3 s while bytes come stands still', () => {
  const steps = Array.from({ length: 5 }, (_, index) => ({ bytes: index, framesDecoded: 30 }));
  expect(watch(new Pulse(0), 0, steps)).toEqual(['well', 'well', 'well', 'still', 'still']);
});

test('a picture that nobody watches may stand still, and has 3 s once it is watched', () => {
  const steps = Array.from({ length: 12 }, (_, index) => ({ bytes: index, framesDecoded: 30, watched: index > 6 }));
  const verdicts = watch(new Pulse(0), 0, steps);
  expect(verdicts.indexOf('still')).toBe(9);
});

test('a page that slept asks at once, and gives less time', () => {
  const pulse = new Pulse(0);
  expect(pulse.judge(1_000, { bytes: 1, framesDecoded: 1 }, true)).toBe('well');
  expect(pulse.judge(600_000, { bytes: 1, framesDecoded: 1 }, true)).toBe('well');
  expect(pulse.judge(601_000, { bytes: 1, framesDecoded: 1 }, true)).toBe('well');
  expect(pulse.judge(602_000, { bytes: 1, framesDecoded: 1 }, true)).toBe('silent');
});

test('statistics of a browser are read', () => {
  const report = new Map<string, Record<string, unknown>>([
    ['T', { type: 'transport', id: 'T', selectedCandidatePairId: 'P', bytesReceived: 250_000 }],
    ['P', { type: 'candidate-pair', id: 'P', bytesReceived: 0, currentRoundTripTime: 0.012, localCandidateId: 'L', remoteCandidateId: 'R' }],
    ['L', { type: 'local-candidate', id: 'L', candidateType: 'prflx' }],
    ['R', { type: 'remote-candidate', id: 'R', candidateType: 'host' }],
    ['C', { type: 'codec', id: 'C', mimeType: 'video/H264' }],
    ['V', {
      type: 'inbound-rtp', kind: 'video', codecId: 'C', framesDecoded: 90, frameWidth: 1280, frameHeight: 720,
      framesPerSecond: 30, jitter: 0.002, packetsLost: 3, freezeCount: 1,
    }],
    ['A', { type: 'inbound-rtp', kind: 'audio', packetsLost: 1 }],
  ]) as unknown as RTCStatsReport;
  const before = readVitals(new Map(), undefined, 0);
  expect(before).toMatchObject({ bytes: 0, framesDecoded: 0, bitrate: undefined, route: undefined });
  expect(readVitals(report, before, 1_000)).toEqual({
    bytes: 250_000, framesDecoded: 90, width: 1280, height: 720, fps: 30, bitrate: 2_000_000, codec: 'H264',
    audioCodec: undefined, rtt: 12, jitter: 2, packetsLost: 4, freezes: 1, route: 'prflx to host',
  });
});
