/** What every figure is taken with. */

import type { Config } from '../browser/src/daemon';

/** 1280x720 at 30 a second, x264 at 2 Mbit/s: the test picture, whose time code says how old it is. */
export const HD: Config = {
  video: { source: 'test', width: 1280, height: 720, fps: 30, bitrate: 2_000_000, encoder: 'x264enc', linger: 0 },
  audio: { source: 'test' },
};

/** 15 ms each way. */
export const RTT30 = { delay_ms: 15 };

/** A home's line: 20 Mbit/s each way. */
export const LINE = { ...RTT30, rate_kbps: 20_000 };
