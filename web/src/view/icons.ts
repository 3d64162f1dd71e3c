import { svg, type SVGTemplateResult, html, type TemplateResult } from 'lit';

function icon(paths: SVGTemplateResult): TemplateResult {
  return html`<svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true" fill="none" stroke="currentColor"
    stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round">${paths}</svg>`;
}

const speaker = svg`<path d="M4 9.500v5h3.500L12 18.500v-13L7.5 9.500z"/>`;
export const soundOn = icon(svg`${speaker}<path d="M15.5 9a4.200 4.200 0 0 1 0 6M18 6.500a7.800 7.800 0 0 1 0 11"/>`);
export const soundOff = icon(svg`${speaker}<path d="m16 9.5 5 5m0-5-5 5"/>`);
export const expand = icon(svg`<path d="M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5"/>`);
export const bubble = icon(svg`<path d="M4 5h16v11h-9l-4.5 3.500V16H4z"/>`);
export const chart = icon(svg`<path d="M5 19v-6M12 19V5M19 19v-9"/>`);
export const door = icon(svg`<path d="M10 4H5v16h5M15 8l4 4-4 4M19 12H9.5"/>`);
export const folder = icon(svg`<path d="M3.500 6h6l2 2.500h9V19h-17z"/>`);
export const file = icon(svg`<path d="M6 3.500h8l4 4v13H6zM14 3.500v4h4"/>`);
export const download = icon(svg`<path d="M12 4v11m-4.500-4.500L12 15l4.500-4.500M5 19.500h14"/>`);
export const pencil = icon(svg`<path d="m4 20 1-4L16 5l3 3L8 19z"/>`);
export const bin = icon(svg`<path d="M5 7h14M10 7V4.500h4V7M7 7l.8 12.500h8.4L17 7"/>`);
export const pause = icon(svg`<path d="M9 6v12M15 6v12"/>`);
export const play = icon(svg`<path d="M8 5.500v13l10.500-6.500z"/>`);
export const cross = icon(svg`<path d="m6 6 12 12M18 6 6 18"/>`);
export const renew = icon(svg`<path d="M19 12a7 7 0 1 1-2.200-5.100M19 4v4.500h-4.500"/>`);
export const lens = icon(svg`<path d="M4 8h3.500L9 5.500h6L16.500 8H20v11H4z"/><circle cx="12" cy="13" r="3.500"/>`);
const aBell = svg`<path d="M6 17v-6a6 6 0 0 1 12 0v6zM10 20h4"/>`;
export const bell = icon(aBell);
export const bellOff = icon(svg`${aBell}<path d="m4 4 16 16"/>`);
export const send = icon(svg`<path d="M4 12 20 5l-4.5 15-4-6.500z"/>`);

/** A lens with a keyhole. */
export const mark = html`<svg class="mark" viewBox="0 0 64 64" width="52" height="52" aria-hidden="true">
  <rect width="64" height="64" rx="17" fill="var(--accent)" />
  <circle cx="32" cy="32" r="20" fill="none" stroke="var(--accent-text)" stroke-width="4.5" />
  <path d="M32 21.500a7 7 0 0 1 3.600 13l2.200 8.600h-11.6l2.2-8.6a7 7 0 0 1 3.6-13z" fill="var(--accent-text)" />
</svg>`;
