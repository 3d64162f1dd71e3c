/** How a viewer comes in: by a link with the word in its fragment, or with the word that this browser keeps. */

import { Viewer } from './session/viewer';

export const viewer = new Viewer(new URL('.', location.href));

/** Takes the word out of the address bar, so that it is in no history and on no shared screen, and sets out. */
function enter(): void {
  const fragment = readable(location.hash.slice(1));
  if (fragment !== '') history.replaceState(null, '', location.pathname + location.search);
  const word = fragment === '' ? viewer.memory.word : fragment;
  if (word !== undefined) viewer.go(word, viewer.memory.remembers && fragment === '');
}

function readable(fragment: string): string {
  try {
    return decodeURIComponent(fragment);
  } catch {
    return fragment;
  }
}

viewer.load();
enter();
addEventListener('hashchange', enter);
