/** The page begins: what takes time first, what is seen second. */

import './view/app';
import { Viewer } from './session/viewer';

const viewer = new Viewer(new URL('.', location.href));
viewer.load();
enter();
addEventListener('hashchange', enter);

const app = document.querySelector('watchword-app');
if (app) app.viewer = viewer;

/** Takes the word from the link (and out of the address bar), or the one that this browser keeps. */
function enter(): void {
  const fragment = fragmentText(location.hash.slice(1));
  if (fragment !== '') history.replaceState(null, '', location.pathname + location.search);
  const word = fragment === '' ? viewer.memory.word : fragment;
  if (word !== undefined) viewer.go(word, viewer.memory.remembers && fragment === '');
}

function fragmentText(fragment: string): string {
  try {
    return decodeURIComponent(fragment);
  } catch {
    return fragment;
  }
}
