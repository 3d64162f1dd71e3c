/** The queue of transfers: what runs, what waits, and what goes on by itself when a session is back. */

import type { Job } from './job';
import { Rate } from './rate';
import { isActive, rest, transition, type Event, type State } from './state';
import type { Link } from './wire';

/** Transfers that run at once; the device allows four. */
export const AT_ONCE = 2;
/** Figures are looked at so often, milliseconds. */
const LOOK_EVERY = 500;
/** Transfers that are listed; one more is refused. */
export const MAX_LISTED = 20_000;

/** One file on its way, as it is shown. */
export class Transfer {
  readonly job: Job;
  readonly rate = new Rate();
  state: State = { name: 'waiting', fresh: false, tries: 0 };
  /** The attempt that is under way, or was last. */
  attempt: Promise<void> = Promise.resolve();
  timer: ReturnType<typeof setTimeout> | undefined;

  constructor(job: Job) {
    this.job = job;
  }

  /** Bytes that have gone. */
  get moved(): number {
    return this.state.name === 'done' ? (this.job.size ?? this.job.moved) : this.job.moved;
  }

  /** Seconds left; undefined where it cannot be told. */
  get left(): number | undefined {
    const { size } = this.job;
    return this.state.name === 'running' && size !== undefined ? this.rate.left(size - this.moved) : undefined;
  }
}

export interface TransfersListener {
  changed(): void;
  /** It is where it was to go. */
  done(transfer: Transfer): void;
  /** It came to nothing, unless a person tries again. */
  failed(transfer: Transfer): void;
}

/** Lasts as long as the page; sessions come and go below it. */
export class Transfers {
  /** In the order in which they were asked for. */
  all: readonly Transfer[] = [];
  readonly #listener: TransfersListener;
  #link: Link | undefined;
  #clock: ReturnType<typeof setInterval> | undefined;

  constructor(listener: TransfersListener) {
    this.#listener = listener;
  }

  /** Those that go on without a person. */
  get active(): number {
    return this.all.filter(({ state }) => isActive(state)).length;
  }

  /** A session is live. */
  begin(link: Link): void {
    this.#link = link;
    for (const transfer of this.all) this.#step(transfer, { type: 'back' });
    this.#pump();
  }

  /** The session ended: what ran is paused until the next. */
  end(): void {
    this.#link = undefined;
    for (const transfer of this.all) this.#step(transfer, { type: 'lost' });
    this.#watch();
  }

  /** Another device, or none: what was on its way stays behind. */
  clear(): void {
    this.end();
    for (const { job } of this.all) job.drop(undefined, false);
    this.all = [];
  }

  add(jobs: readonly Job[], state?: State): Transfer[] {
    const added = jobs.slice(0, MAX_LISTED - this.all.length).map((job) => new Transfer(job));
    for (const transfer of added) if (state) transfer.state = state;
    this.all = [...this.all, ...added];
    this.#pump();
    this.#listener.changed();
    return added;
  }

  pause(transfer: Transfer): void {
    this.#step(transfer, { type: 'pause' });
    this.#pump();
  }

  /** Resumes, or tries again. */
  go(transfer: Transfer): void {
    this.#step(transfer, { type: 'go' });
    this.#pump();
  }

  /** Gives it up, and takes it off the list. */
  remove(transfer: Transfer): void {
    const { name } = transfer.state;
    clearTimeout(transfer.timer);
    if (name !== 'done') transfer.job.drop(this.#link, name === 'running');
    this.all = this.all.filter((other) => other !== transfer);
    this.#pump();
    this.#listener.changed();
  }

  /** Takes it off the list because the same file comes anew: what the device has of it stays. */
  replace(transfer: Transfer): void {
    clearTimeout(transfer.timer);
    transfer.job.drop(undefined, false);
    this.all = this.all.filter((other) => other !== transfer);
  }

  /** Takes those off the list that are done. */
  removeDone(): void {
    this.all = this.all.filter(({ state }) => state.name !== 'done');
    this.#listener.changed();
  }

  #step(transfer: Transfer, event: Event): void {
    const before = transfer.state;
    const state = transition(before, event);
    if (state === before) return;
    transfer.state = state;
    clearTimeout(transfer.timer);
    if (before.name === 'running' && state.name !== 'running') {
      transfer.rate.stop();
      transfer.job.stop();
    }
    if (state.name === 'resting') {
      transfer.timer = setTimeout(() => {
        this.#step(transfer, { type: 'rested' });
        this.#pump();
      }, rest(state.tries));
    }
    if (state.name === 'done') this.#listener.done(transfer);
    if (state.name === 'failed') this.#listener.failed(transfer);
    this.#listener.changed();
  }

  /** Begins what waits, as far as there is room. */
  #pump(): void {
    const link = this.#link;
    if (link) {
      let room = AT_ONCE - this.all.filter(({ state }) => state.name === 'running').length;
      for (const transfer of this.all) {
        if (room <= 0) break;
        if (transfer.state.name !== 'waiting') continue;
        room--;
        this.#begin(transfer, link);
      }
    }
    this.#watch();
  }

  #begin(transfer: Transfer, link: Link): void {
    this.#step(transfer, { type: 'start' });
    const { state, job, attempt: before } = transfer;
    if (state.name !== 'running') return;
    transfer.attempt = before.then(async () => {
      // While the last attempt was ending, this one may have been paused already.
      if (transfer.state !== state || this.#link !== link) return;
      const event = await job.run(link, state.fresh).then(
        (): Event => ({ type: 'done' }),
        (error: unknown) => (transfer.state === state ? job.judge(error, state.tries) : undefined),
      );
      // Whoever ended it has said why.
      if (transfer.state !== state || !event) return;
      this.#step(transfer, event);
      this.#pump();
    });
  }

  #watch(): void {
    const running = this.all.some(({ state }) => state.name === 'running');
    if (running && this.#clock === undefined) {
      this.#clock = setInterval(() => this.#look(), LOOK_EVERY);
    } else if (!running) {
      clearInterval(this.#clock);
      this.#clock = undefined;
    }
  }

  #look(): void {
    for (const { rate, job } of this.all) if (job.flowing) rate.note(performance.now(), job.moved);
    this.#listener.changed();
  }
}
