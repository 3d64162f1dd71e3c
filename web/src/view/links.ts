/** Text with its links. */

import { html, type TemplateResult } from 'lit';

/** An address as people write it; what ends a sentence does not belong to it. */
const LINK = /https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]}]/g;

/** The pieces of a text: plain, or a link to what it says. Everything stays text: nothing of it is markup. */
export function pieces(text: string): { text: string; link: boolean }[] {
  const found: { text: string; link: boolean }[] = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    if (!URL.canParse(match[0])) continue;
    if (match.index > end) found.push({ text: text.slice(end, match.index), link: false });
    found.push({ text: match[0], link: true });
    end = match.index + match[0].length;
  }
  if (end < text.length) found.push({ text: text.slice(end), link: false });
  return found;
}

export function linked(text: string): (TemplateResult | string)[] {
  return pieces(text).map((piece) =>
    // Whoever is behind the link learns neither of this page nor of its window.
    piece.link ? html`<a href=${piece.text} target="_blank" rel="noopener noreferrer">${piece.text}</a>` : piece.text,
  );
}
