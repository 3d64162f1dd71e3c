/** What the page says to a person, in whole sentences. */

import type { TrackState } from '../session/device';
import type { Fault, State, Trouble } from '../session/machine';
import type { WordFault } from '../word/secret-word';

/** The sentence of a state. `place` is where it looks; `arrived`: this word led to the device before. */
export function sentence(state: State, place: string, arrived: boolean): string {
  switch (state.name) {
    case 'idle':
      return '';
    case 'looking':
      return state.trouble ? `${trouble(state.trouble)} Trying again.` : `Looking for the device at “${place}”.`;
    case 'checking':
      return 'Checking the word.';
    case 'connecting':
      return 'Connecting.';
    case 'live':
      return 'Live.';
    case 'away':
      return state.trouble?.fault === 'unreachable'
        ? 'The server does not answer. This page keeps trying and goes on by itself.'
        : arrived
          ? 'The device is away. This page waits, and goes on by itself when it is back.'
          : `No device answers to this word now. Check “${place}”; this page waits, and goes on by itself when it comes.`;
    case 'lost':
      return `${trouble(state.trouble)} Coming back by itself.`;
    case 'refused':
      return refusal(state, arrived);
  }
}

/** The countdown of a refusal that time will end. */
export function countdown(state: State, now: number): string {
  if (state.name !== 'refused' || state.retryAt === undefined) return '';
  const seconds = Math.max(1, Math.ceil((state.retryAt - now) / 1_000));
  return `Trying again in ${seconds} s.`;
}

function refusal(state: State & { name: 'refused' }, arrived: boolean): string {
  switch (state.reason) {
    case 'wrong-word':
      return arrived
        ? 'This word was right until now. The owner has replaced it by a new one: ask for that.'
        : 'This is not the secret word. Check each part and try again.';
    case 'changed-key':
      return 'The word is right, but the device is not the one that this browser knew: its key has changed. That is so after it was set up anew. If you are not sure, ask its owner before you go on.';
    case 'later':
    case 'other':
      return state.message === '' ? 'The device refused.' : state.message;
  }
}

function trouble({ fault, message }: Trouble): string {
  return message === '' ? FAULTS[fault] : full(message);
}

const FAULTS: Record<Fault, string> = {
  unreachable: 'The server does not answer.',
  'no-answer': 'The device does not answer.',
  'no-path': 'The device is there, but no way through the network to it was found.',
  closed: 'The device closed the connection.',
  silent: 'The connection was lost.',
  still: 'The picture stands still.',
  forged: 'Something was altered on the way, so the connection was dropped.',
  error: 'The connection did not come about.',
};

export const WORD_FAULTS: Record<WordFault, string> = {
  empty: 'Type the secret word, such as garden-otter-violin-cobalt.',
  'too-long': 'This is too long for a secret word.',
  'bad-place': 'The first part names the place: 3 to 32 letters a to z and digits, beginning with a letter.',
  'bad-character': 'A secret word is made of letters and digits, with a hyphen or a space between its parts.',
  'too-few-parts': 'A secret word has at least 4 parts: the place and three more. Check whether one is missing.',
  'too-many-parts': 'A secret word has at most 16 parts.',
  'too-short': 'The parts after the place are too short. Check whether letters are missing.',
};

/** Why there is no picture; empty where there is, or soon will be. */
export function pictureNotice(video: TrackState | undefined): string {
  switch (video?.state) {
    case 'none':
      return 'This device sends no picture.';
    case 'no-codec':
      return 'This browser cannot show H.264, the format of this device’s picture. Use Chrome, Edge or Safari, or add H.264 to this one (in Firefox: about:addons, Plugins, OpenH264). Sound and chat work here.';
    case 'waiting':
      return full(video.message === '' ? 'The camera is away: waiting for it' : video.message);
    case 'starting':
      return 'The camera is being opened.';
    case 'live':
    case undefined:
      return '';
  }
}

function full(sentence: string): string {
  return /[.!?…]$/.test(sentence) ? sentence : `${sentence}.`;
}
