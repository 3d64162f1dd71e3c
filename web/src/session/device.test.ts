import { expect, test } from 'vitest';
import { vectors } from '../vectors';
import { readBye, readChatMessage, readDeviceInfo, readDeviceStats, readMediaState } from './device';

const control = vectors.messages.control as { method?: string; params?: unknown; result?: Record<string, unknown> }[];

function params(method: string): unknown[] {
  return control.filter((message) => message.method === method).map((message) => message.params);
}

test('what the device says is read whole', () => {
  const info = control.find(({ result }) => result?.pass !== undefined)?.result ?? {};
  expect(readDeviceInfo(info)).toEqual(info);

  const stats = readDeviceStats(params('device.stats').find((value) => readDeviceStats(value).viewers > 0));
  expect(stats).toMatchObject({ viewers: 2, encoder: 'x264enc', width: 1280, fps: 29.5, keyFrames: 3, cpuCores: 0.25 });

  expect(readChatMessage(params('chat.message')[0])).toEqual({
    id: 7, from: 'viewer 2', own: false, reply: false, text: '<b>text</b>, not markup', timeMs: 1_795_000_000_123,
  });
  expect(readBye(params('session.bye')[0])).toEqual({ reason: 'The device restarts.', again: true });
  for (const state of params('media.state')) expect(readMediaState(state)).toEqual(state);
});

test.each([undefined, null, 7, 'text', [], { text: 7, video: 7, fps: 'x', again: 1 }])(
  'what is something else is read as nothing: %j',
  (value) => {
    expect(readDeviceInfo(value).name).toBe('');
    expect(readDeviceStats(value).fps).toBe(0);
    expect(readChatMessage(value)).toBeUndefined();
    expect(readBye(value)).toEqual({ reason: '', again: false });
    expect(readMediaState(value)).toEqual({ video: { state: 'starting' }, audio: { state: 'starting' } });
  },
);
