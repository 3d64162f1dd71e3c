/**
 * Where a viewer stands with a device: one state, one transition function, no clock and no I/O.
 * What a transition asks for (a new attempt, a pause, the end of all) is its effect; `viewer.ts` carries it out.
 */

import type { Refusal } from '../signal/messages';

/** Why an attempt, or a session that was live, came to nothing. */
export type Fault =
  | 'unreachable' // the server does not answer
  | 'no-answer' // the server is there, the device says nothing
  | 'no-path' // device and browser found no way to each other
  | 'closed' // the connection was closed at the other end
  | 'silent' // nothing comes any more
  | 'still' // the picture stands still
  | 'forged' // something was altered on the way
  | 'error'; // the device or the browser said why, in words of its own

/** Trouble since the device was last seen; it ends when the session is live. */
export interface Trouble {
  /** When it began, milliseconds. */
  since: number;
  /** Attempts that failed meanwhile. */
  tries: number;
  fault: Fault;
  /** A sentence, where somebody said one. */
  message: string;
}

/** Why only a person, or time, leads on from `refused`. */
export type Reason = 'wrong-word' | 'changed-key' | 'later' | 'other';

export type Stage = 'pausing' | 'looking' | 'checking' | 'connecting';

export type State =
  | { name: 'idle' }
  | { name: 'looking'; trouble: Trouble | undefined; pausing: boolean }
  | { name: 'checking'; trouble: Trouble | undefined }
  | { name: 'connecting'; trouble: Trouble | undefined }
  | { name: 'live' }
  | { name: 'away'; trouble: Trouble | undefined; pausing: boolean }
  /** `retryAt` (milliseconds): the page tries again by itself then; it does so only where no guess was made. */
  | { name: 'refused'; reason: Reason; message: string; retryAt: number | undefined; trouble: Trouble | undefined }
  | { name: 'lost'; trouble: Trouble; stage: Stage };

export type Event =
  /** A person gave a word, or agreed to go on. */
  | { type: 'go' }
  | { type: 'leave' }
  | { type: 'found' }
  | { type: 'absent' }
  | { type: 'present' }
  | { type: 'proved' }
  | { type: 'live' }
  | { type: 'wrong-word' }
  | { type: 'changed-key' }
  /** `random` in [0, 1): the jitter of the pause that follows. */
  | { type: 'failed'; fault: Fault; message?: string; now: number; random: number }
  | { type: 'refused'; refusal: Refusal; now: number; random: number }
  /** The device ends the session; `again`: coming again makes sense. */
  | { type: 'bye'; reason: string; again: boolean; now: number }
  /** A pause is over, or the network or the tab came back. */
  | { type: 'wake' };

export type Effect =
  | { do: 'nothing' }
  /** End what runs and begin a new attempt. */
  | { do: 'begin' }
  /** End what runs, and send `wake` after so many milliseconds. */
  | { do: 'pause'; ms: number }
  /** End what runs. */
  | { do: 'end' };

export type Step = [State, Effect];

const NOTHING: Effect = { do: 'nothing' };
const BEGIN: Effect = { do: 'begin' };
const END: Effect = { do: 'end' };

export function transition(state: State, event: Event): Step {
  switch (event.type) {
    case 'go':
      return [{ name: 'looking', trouble: undefined, pausing: false }, BEGIN];
    case 'leave':
      return [{ name: 'idle' }, END];
    case 'found':
      return advance(state, 'checking');
    case 'proved':
      return advance(state, 'connecting');
    case 'present':
      return state.name === 'away' ? advance(state, 'looking') : [state, NOTHING];
    case 'absent':
      return busy(state) ? [{ name: 'away', trouble: undefined, pausing: false }, NOTHING] : [state, NOTHING];
    case 'live':
      return busy(state) ? [{ name: 'live' }, NOTHING] : [state, NOTHING];
    case 'wrong-word':
      return busy(state) ? [refused('wrong-word', ''), END] : [state, NOTHING];
    case 'changed-key':
      return busy(state) ? [refused('changed-key', ''), END] : [state, NOTHING];
    case 'failed':
      return failed(state, event);
    case 'refused':
      return busy(state) ? onRefusal(state, event.refusal, event.now, event.random) : [state, NOTHING];
    case 'bye':
      return onBye(state, event);
    case 'wake':
      return wake(state);
  }
}

/** Longest pause between attempts in the first minute of trouble, and after it, milliseconds. */
const SOON = 2_000;
const LATER = 15_000;

/** The jittered pause before the next attempt: none at first, doubling from a quarter of a second. */
export function pause(trouble: Trouble, now: number, random: number): number {
  if (trouble.tries === 0) return 0;
  const longest = now - trouble.since < 60_000 ? SOON : LATER;
  const doubled = Math.min(longest, 250 * 2 ** Math.min(trouble.tries, 10));
  return Math.round(doubled * (0.5 + random / 2));
}

/** An attempt is under way, so that what it brings counts. */
function busy(state: State): boolean {
  switch (state.name) {
    case 'looking':
    case 'checking':
    case 'connecting':
    case 'lost':
    case 'away':
      return true;
    case 'idle':
    case 'live':
    case 'refused':
      return false;
  }
}

/** One step further; who was live before sees `lost` until it is live again. */
function advance(state: State, stage: 'looking' | 'checking' | 'connecting'): Step {
  switch (state.name) {
    case 'looking':
    case 'checking':
    case 'connecting':
    case 'away':
      return stage === 'looking'
        ? [{ name: stage, trouble: state.trouble, pausing: false }, NOTHING]
        : [{ name: stage, trouble: state.trouble }, NOTHING];
    case 'lost':
      return [{ ...state, stage }, NOTHING];
    case 'idle':
    case 'live':
    case 'refused':
      return [state, NOTHING];
  }
}

function failed(state: State, event: Event & { type: 'failed' }): Step {
  const { fault, message = '', now, random } = event;
  switch (state.name) {
    case 'idle':
    case 'refused':
      return [state, NOTHING];
    case 'live': {
      const trouble = { since: now, tries: 0, fault, message };
      return [{ name: 'lost', trouble, stage: 'pausing' }, { do: 'pause', ms: pause(trouble, now, random) }];
    }
    case 'lost': {
      const trouble = again(state.trouble, fault, message, now);
      return [{ name: 'lost', trouble, stage: 'pausing' }, { do: 'pause', ms: pause(trouble, now, random) }];
    }
    case 'away': {
      const trouble = again(state.trouble, fault, message, now);
      return [{ name: 'away', trouble, pausing: true }, { do: 'pause', ms: pause(trouble, now, random) }];
    }
    case 'looking':
    case 'checking':
    case 'connecting': {
      const trouble = again(state.trouble, fault, message, now);
      return [{ name: 'looking', trouble, pausing: true }, { do: 'pause', ms: pause(trouble, now, random) }];
    }
  }
}

function again(trouble: Trouble | undefined, fault: Fault, message: string, now: number): Trouble {
  return { since: trouble?.since ?? now, tries: (trouble?.tries ?? 0) + 1, fault, message };
}

/** Refused before a guess was made: time helps. Refused for good: only a person does. */
function onRefusal(state: State, refusal: Refusal, now: number, random: number): Step {
  const before = 'trouble' in state ? state.trouble : undefined;
  switch (refusal.code) {
    case 'no-session':
      return failed(state, { type: 'failed', fault: 'no-answer', now, random });
    case 'proof-failed':
      return [refused('wrong-word', refusal.message), END];
    case 'try-later':
    case 'too-fast':
    case 'too-many-sockets':
    case 'too-many-knocks':
    case 'too-many-sessions':
    case 'replaced':
    case 'unavailable': {
      const trouble = again(before, 'no-answer', '', now);
      const ms = Math.max((refusal.retry_after ?? 0) * 1_000, pause(trouble, now, random));
      const { message } = refusal;
      return [{ name: 'refused', reason: 'later', message, retryAt: now + ms, trouble }, { do: 'pause', ms }];
    }
    case 'malformed':
    case 'unknown-message':
    case 'wrong-version':
    case 'wrong-role':
    case 'too-large':
    case 'too-many-places':
    case 'bad-place':
    case 'place-taken':
    case 'bad-claim':
      return [refused('other', refusal.message), END];
  }
}

function onBye(state: State, event: Event & { type: 'bye' }): Step {
  if (state.name === 'idle' || state.name === 'refused') return [state, NOTHING];
  if (!event.again) return [refused('other', event.reason), END];
  const trouble = { since: event.now, tries: 0, fault: 'closed' as const, message: event.reason };
  // A device that restarts needs a moment: the first attempt would only meet its end.
  return [{ name: 'lost', trouble, stage: 'pausing' }, { do: 'pause', ms: 200 }];
}

function wake(state: State): Step {
  switch (state.name) {
    case 'looking':
    case 'away':
      return state.pausing ? [{ ...state, pausing: false }, BEGIN] : [state, NOTHING];
    case 'lost':
      return state.stage === 'pausing' ? [{ ...state, stage: 'looking' }, BEGIN] : [state, NOTHING];
    case 'refused':
      return state.retryAt === undefined
        ? [state, NOTHING]
        : [{ name: 'looking', trouble: state.trouble, pausing: false }, BEGIN];
    case 'idle':
    case 'checking':
    case 'connecting':
    case 'live':
      return [state, NOTHING];
  }
}

function refused(reason: Reason, message: string): State {
  return { name: 'refused', reason, message, retryAt: undefined, trouble: undefined };
}
