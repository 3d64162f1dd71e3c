/** What a session's statistics say: figures for a person, and signs of life. */

/** Figures of one moment; undefined where the browser does not say. Rates are over the time since the last moment. */
export interface Vitals {
  /** Bytes that came in, of all kinds. */
  bytes: number;
  framesDecoded: number;
  width: number | undefined;
  height: number | undefined;
  /** Frames a second. */
  fps: number | undefined;
  /** Picture and sound, bits a second. */
  bitrate: number | undefined;
  codec: string | undefined;
  audioCodec: string | undefined;
  /** Milliseconds. */
  rtt: number | undefined;
  /** Milliseconds, of the picture's packets. */
  jitter: number | undefined;
  packetsLost: number;
  freezes: number | undefined;
  /** How the two ends reach each other: `host`, `srflx`, `prflx` or `relay`, with the protocol. */
  route: string | undefined;
}

type Entry = Record<string, unknown>;

/** Reads a report; `before` and `elapsed` (milliseconds) make rates of counters. */
export function readVitals(report: RTCStatsReport, before: Vitals | undefined, elapsed: number): Vitals {
  const entries = [...report.values()] as Entry[];
  const inbound = entries.filter((entry) => entry.type === 'inbound-rtp');
  const video = inbound.find((entry) => entry.kind === 'video') ?? {};
  const audio = inbound.find((entry) => entry.kind === 'audio') ?? {};
  const pair = activePair(entries);
  const bytes = received(entries);
  const rate = before && elapsed > 0 ? ((bytes - before.bytes) * 8_000) / elapsed : undefined;
  const rtt = number(pair.currentRoundTripTime);
  const jitter = number(video.jitter);
  return {
    bytes,
    framesDecoded: number(video.framesDecoded) ?? 0,
    width: number(video.frameWidth),
    height: number(video.frameHeight),
    fps: number(video.framesPerSecond),
    bitrate: rate === undefined ? undefined : Math.max(0, rate),
    codec: codec(report, video),
    audioCodec: codec(report, audio),
    rtt: rtt === undefined ? undefined : rtt * 1_000,
    jitter: jitter === undefined ? undefined : jitter * 1_000,
    packetsLost: sum(inbound, 'packetsLost'),
    freezes: number(video.freezeCount),
    route: route(report, pair),
  };
}

/** What is wrong with a connected session. */
export type Verdict = 'well' | 'silent' | 'still';

/** Nothing at all for so long: the device, or the way to it, is gone. Milliseconds. */
const SILENT_AFTER = 3_000;
/** After a sleep the device has most likely let go: less time for it to prove the opposite. */
const SILENT_AFTER_SLEEP = 1_500;
/** Bytes come, but the same picture is shown. */
const STILL_AFTER = 3_000;
/** A gap of the page's own clock by which it knows that it slept. */
const SLEPT = 5_000;

/** Judges a session by what is seen of it once a second. No clock of its own. */
export class Pulse {
  #seen: number;
  #bytes = -1;
  #heard: number;
  #frames = -1;
  #moved: number;
  #patience = SILENT_AFTER;

  constructor(now: number) {
    this.#seen = now;
    this.#heard = now;
    this.#moved = now;
  }

  /** An answer on the control channel came. */
  heard(now: number): void {
    this.#heard = now;
    this.#patience = SILENT_AFTER;
  }

  /** The page slept or was away: what did not come meanwhile is no sign; what does not come now is. */
  woke(now: number): void {
    this.#seen = now;
    this.#heard = now;
    this.#moved = now;
    this.#patience = SILENT_AFTER_SLEEP;
  }

  /** `watched`: a picture should move now (the device sends one, and the page is seen). */
  judge(now: number, vitals: Pick<Vitals, 'bytes' | 'framesDecoded'>, watched: boolean): Verdict {
    if (now - this.#seen > SLEPT) this.woke(now);
    this.#seen = now;
    if (vitals.bytes !== this.#bytes) {
      this.#bytes = vitals.bytes;
      this.heard(now);
    }
    if (vitals.framesDecoded !== this.#frames || !watched) {
      this.#frames = vitals.framesDecoded;
      this.#moved = now;
    }
    if (now - this.#heard >= this.#patience) return 'silent';
    if (now - this.#moved >= STILL_AFTER) return 'still';
    return 'well';
  }
}

/** What came in of all kinds, by every path: a browser may say one is selected while packets still take another. */
function received(entries: readonly Entry[]): number {
  const of = (type: string): number => sum(entries.filter((entry) => entry.type === type), 'bytesReceived');
  return of('transport') || of('candidate-pair') || of('inbound-rtp');
}

function activePair(entries: readonly Entry[]): Entry {
  const transport = entries.find((entry) => entry.type === 'transport');
  const selected = transport?.selectedCandidatePairId;
  const pairs = entries.filter((entry) => entry.type === 'candidate-pair');
  return (
    pairs.find((pair) => pair.id === selected) ??
    pairs.find((pair) => pair.selected === true) ??
    pairs.find((pair) => pair.nominated === true && pair.state === 'succeeded') ??
    {}
  );
}

function codec(report: RTCStatsReport, stream: Entry): string | undefined {
  const id = stream.codecId;
  const entry = typeof id === 'string' ? (report.get(id) as Entry | undefined) : undefined;
  const type = entry?.mimeType;
  return typeof type === 'string' ? type.split('/')[1] : undefined;
}

function route(report: RTCStatsReport, pair: Entry): string | undefined {
  const ends = [pair.localCandidateId, pair.remoteCandidateId].map((id) => {
    const entry = typeof id === 'string' ? (report.get(id) as Entry | undefined) : undefined;
    return entry?.candidateType;
  });
  const [local, remote] = ends;
  if (typeof local !== 'string' || typeof remote !== 'string') return undefined;
  return local === remote ? local : `${local} to ${remote}`;
}

function sum(entries: readonly Entry[], name: string): number {
  return entries.reduce((total, entry) => total + (number(entry[name]) ?? 0), 0);
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
