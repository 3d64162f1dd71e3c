/**
 * Where a transfer stands: one state, one transition function, no clock and no I/O. `transfers.ts` carries it out.
 */

export type State =
  /** In the queue; `fresh`: what the device has of it is not gone on with. */
  | { name: 'waiting'; fresh: boolean; tries: number }
  | { name: 'running'; fresh: boolean; tries: number }
  /** By a person's wish. */
  | { name: 'paused' }
  /** The session ended; the next one goes on. */
  | { name: 'broken' }
  /** It broke off while the session lives, or the device is not ready for it: tried again by itself. */
  | { name: 'resting'; tries: number; message: string }
  /** Something has its name: a person is asked. */
  | { name: 'asking'; message: string }
  /** The page was loaded again: the file is not at hand. `handle`: it needs a person's leave only. */
  | { name: 'absent'; handle: boolean }
  | { name: 'done' }
  /** `fresh`: what there is of it is of no use. */
  | { name: 'failed'; message: string; fresh: boolean };

export type Event =
  | { type: 'start' }
  | { type: 'pause' }
  /** A person wants it to go on: resumed, chosen again, or tried again. */
  | { type: 'go' }
  /** The session ended. */
  | { type: 'lost' }
  /** A session is live. */
  | { type: 'back' }
  /** Its channel broke, or the device asks to wait; `moved`: bytes went before that. */
  | { type: 'trouble'; message: string; moved: boolean }
  /** A rest is over. */
  | { type: 'rested' }
  /** Something has its name; `ask`: a person may have it replaced. */
  | { type: 'exists'; message: string; ask: boolean }
  | { type: 'failed'; message: string; fresh: boolean }
  | { type: 'done' };

/** Tries without a byte in between, after which a person is asked. With the rests below: for about a minute. */
const MAX_TRIES = 8;

/** How long to rest before the next try, milliseconds. */
export function rest(tries: number): number {
  return Math.min(500 * 2 ** (tries - 1), 15_000);
}

export function transition(state: State, event: Event): State {
  switch (event.type) {
    case 'start':
      return state.name === 'waiting' ? { ...state, name: 'running' } : state;
    case 'pause':
      return isActive(state) ? { name: 'paused' } : state;
    case 'go':
      return go(state);
    case 'lost':
      // What waited and had not begun waits on.
      return state.name === 'running' || state.name === 'resting' ? { name: 'broken' } : state;
    case 'back':
      return state.name === 'broken' ? waiting(false, 1) : state;
    case 'rested':
      return state.name === 'resting' ? waiting(false, state.tries) : state;
    case 'trouble':
      return state.name === 'running' ? trouble(state, event) : state;
    case 'exists':
      if (state.name !== 'running') return state;
      return event.ask ? { name: 'asking', message: event.message } : { name: 'failed', message: event.message, fresh: false };
    case 'failed':
      return state.name === 'running' ? { name: 'failed', message: event.message, fresh: event.fresh } : state;
    case 'done':
      return state.name === 'running' ? { name: 'done' } : state;
  }
}

/** Nothing more will come of it by itself or by a person. */
export function isOver(state: State): boolean {
  return state.name === 'done';
}

/** It goes on without a person. */
export function isActive(state: State): boolean {
  switch (state.name) {
    case 'waiting':
    case 'running':
    case 'broken':
    case 'resting':
      return true;
    case 'paused':
    case 'asking':
    case 'absent':
    case 'done':
    case 'failed':
      return false;
  }
}

function go(state: State): State {
  switch (state.name) {
    case 'paused':
    case 'asking':
    case 'absent':
      return waiting(false, 0);
    case 'failed':
      return waiting(state.fresh, 0);
    case 'resting':
      return waiting(false, state.tries);
    case 'waiting':
    case 'running':
    case 'broken':
    case 'done':
      return state;
  }
}

function trouble(state: State & { name: 'running' }, event: Event & { type: 'trouble' }): State {
  const tries = event.moved ? 1 : state.tries + 1;
  if (tries > MAX_TRIES) return { name: 'failed', message: event.message, fresh: false };
  return { name: 'resting', tries, message: event.message };
}

function waiting(fresh: boolean, tries: number): State {
  return { name: 'waiting', fresh, tries };
}
