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
export const send = icon(svg`<path d="M4 12 20 5l-4.5 15-4-6.500z"/>`);

/** A lens with a keyhole. */
export const mark = html`<svg class="mark" viewBox="0 0 64 64" width="52" height="52" aria-hidden="true">
  <rect width="64" height="64" rx="17" fill="var(--accent)" />
  <circle cx="32" cy="32" r="20" fill="none" stroke="var(--accent-text)" stroke-width="4.5" />
  <path d="M32 21.500a7 7 0 0 1 3.600 13l2.200 8.600h-11.6l2.2-8.6a7 7 0 0 1 3.6-13z" fill="var(--accent-text)" />
</svg>`;
