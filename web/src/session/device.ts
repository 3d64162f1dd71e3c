/** What the device tells about itself on the control channel, read with care: a text is a text, a number a number. */

import { isObject } from './control';

export interface DeviceInfo {
  name: string;
  version: string;
  you: string;
  camera: string;
  picture: string;
  encoder: string;
  /** To be shown at the next knock, base64url. */
  pass: string;
  /** What the word allows. */
  grant: readonly string[];
  /** When the word ends, seconds since the epoch. */
  expires: number | undefined;
}

export interface DeviceStats {
  viewers: number;
  encoders: number;
  encoder: string;
  width: number;
  height: number;
  fps: number;
  bitrate: number;
  keyFrames: number;
  cpuCores: number;
  rss: number;
  temperature: number | undefined;
  skippedFrames: number;
}

export interface ChatMessage {
  id: number;
  from: string;
  own: boolean;
  /** The device's answer to a line that began with `/`: nobody else hears it. */
  reply: boolean;
  text: string;
  timeMs: number;
}

/** Somebody who is here. */
export interface Member {
  id: number;
  name: string;
}

export type TrackState =
  | { state: 'none' | 'no-codec' | 'starting' | 'live' }
  | { state: 'waiting'; message: string };

export interface MediaState {
  video: TrackState;
  audio: TrackState;
}

export interface Bye {
  reason: string;
  again: boolean;
}

export function readDeviceInfo(value: unknown): DeviceInfo {
  const from = isObject(value) ? value : {};
  return {
    name: text(from.name),
    version: text(from.version),
    you: text(from.you),
    camera: text(from.camera),
    picture: text(from.picture),
    encoder: text(from.encoder),
    pass: text(from.pass),
    grant: Array.isArray(from.grant) ? from.grant.filter((right) => typeof right === 'string') : [],
    expires: typeof from.expires === 'number' ? from.expires : undefined,
  };
}

export function readDeviceStats(value: unknown): DeviceStats {
  const from = isObject(value) ? value : {};
  return {
    viewers: number(from.viewers),
    encoders: number(from.encoders),
    encoder: text(from.encoder),
    width: number(from.width),
    height: number(from.height),
    fps: number(from.fps),
    bitrate: number(from.bitrate),
    keyFrames: number(from.key_frames),
    cpuCores: number(from.cpu_cores),
    rss: number(from.rss),
    temperature: typeof from.temperature === 'number' ? from.temperature : undefined,
    skippedFrames: number(from.skipped_frames),
  };
}

/** Undefined for what is no chat message. */
export function readChatMessage(value: unknown): ChatMessage | undefined {
  if (!isObject(value) || typeof value.text !== 'string') return undefined;
  return {
    id: number(value.id),
    from: text(value.from),
    own: value.own === true,
    reply: value.reply === true,
    text: value.text,
    timeMs: number(value.time_ms),
  };
}

/** Undefined for what is nobody. */
export function readMember(value: unknown): Member | undefined {
  if (!isObject(value) || typeof value.id !== 'number') return undefined;
  return { id: value.id, name: text(value.name) };
}

export function readMediaState(value: unknown): MediaState {
  const from = isObject(value) ? value : {};
  return { video: trackState(from.video), audio: trackState(from.audio) };
}

export function readBye(value: unknown): Bye {
  const from = isObject(value) ? value : {};
  return { reason: text(from.reason), again: from.again === true };
}

/** A state of a later version is met as one that is being prepared. */
function trackState(value: unknown): TrackState {
  const from = isObject(value) ? value : {};
  const state = from.state;
  switch (state) {
    case 'none':
    case 'no-codec':
    case 'live':
      return { state };
    case 'waiting':
      return { state, message: text(from.message) };
    default:
      return { state: 'starting' };
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function number(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}
