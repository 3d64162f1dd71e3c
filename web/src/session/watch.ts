import type { Control } from './control';
import type { Peer } from './peer';
import { Pulse, readVitals, type Verdict, type Vitals } from './vitals';

export interface WatchListener {
  vitals(vitals: Vitals): void;
  /** Said once; nothing is heard after it. */
  fault(verdict: Exclude<Verdict, 'well'>): void;
  /** Whether a picture should be moving now. */
  watched(): boolean;
}

/** Between two looks, milliseconds. */
const EVERY = 1_000;

/** Before the first figures: nothing came yet. */
const NOTHING = { bytes: 0, framesDecoded: 0 };

/** Looks after one session from its open control channel on: statistics and a ping each second. */
export class Watch {
  readonly #peer: Peer;
  readonly #control: Control;
  readonly #listener: WatchListener;
  readonly #pulse = new Pulse(performance.now());
  readonly #timer: ReturnType<typeof setInterval>;
  #before: { vitals: Vitals; at: number } | undefined;
  #asking = false;
  #stopped = false;

  constructor(peer: Peer, control: Control, listener: WatchListener) {
    this.#peer = peer;
    this.#control = control;
    this.#listener = listener;
    this.#timer = setInterval(() => void this.#look(), EVERY);
    void this.#look();
  }

  /** The page, or the network, came back. */
  wake(): void {
    this.#pulse.woke(performance.now());
    void this.#look();
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    this.#ping();
    const report = await this.#report();
    if (this.#stopped) return;
    const now = performance.now();
    const vitals = report ? this.#read(report, now) : (this.#before?.vitals ?? NOTHING);
    const verdict = this.#pulse.judge(now, vitals, this.#listener.watched());
    if (verdict === 'well') return;
    this.stop();
    this.#listener.fault(verdict);
  }

  /** What the browser says. One that says nothing in time shall not be the reason why nothing is noticed. */
  #report(): Promise<RTCStatsReport | undefined> {
    const late = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), EVERY));
    return Promise.race([this.#peer.stats().catch(() => undefined), late]);
  }

  #read(report: RTCStatsReport, now: number): Vitals {
    const vitals = readVitals(report, this.#before?.vitals, now - (this.#before?.at ?? now));
    // Figures of two looks that came almost together would make wild rates.
    if (!this.#before || now - this.#before.at > EVERY / 2) {
      this.#before = { vitals, at: now };
      this.#listener.vitals(vitals);
    }
    return vitals;
  }

  /** One ping at a time: behind a lost one the next would only queue. */
  #ping(): void {
    if (this.#asking) return;
    this.#asking = true;
    const answered = (): void => this.#pulse.heard(performance.now());
    this.#control
      .request('ping')
      .then(answered, () => undefined)
      .finally(() => {
        this.#asking = false;
      });
  }
}
