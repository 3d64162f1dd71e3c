/** The figures of a session: what this browser sees, and what the device says. */

import { css, html, nothing, type TemplateResult } from 'lit';
import type { DeviceStats } from '../session/device';
import type { Vitals } from '../session/vitals';
import { shared } from './shared-style';
import { ViewerElement } from './viewer-element';

type Row = [name: string, value: string | undefined];

export class Stats extends ViewerElement {
  override render(): TemplateResult | typeof nothing {
    const { viewer } = this;
    if (!viewer) return nothing;
    const { info, stats } = viewer.conversation;
    return html`<section class="stats" aria-label="Statistics">
      ${viewer.vitals ? html`<h2>This browser</h2>${table(seen(viewer.vitals))}` : nothing}
      <h2>${info?.name ?? 'The device'}</h2>
      ${table([
        ['Camera', info?.camera],
        ...(stats ? told(stats) : []),
        ['Version', info?.version],
      ])}
    </section>`;
  }

  static override styles = [
    shared,
    css`
      .stats {
        padding: 0.8rem 1rem;
        border-radius: var(--round);
        background: rgb(14 18 20 / 80%);
        color: #eef1f0;
        font-size: 0.82rem;
        line-height: 1.45;
      }
      h2 {
        margin: 0 0 0.2rem;
        font-size: 0.82rem;
        font-weight: 650;
      }
      dl + h2 {
        margin-top: 0.6rem;
      }
      dl {
        display: grid;
        grid-template-columns: auto auto;
        gap: 0 1rem;
        margin: 0;
      }
      dt {
        color: #a9b3b5;
      }
      dd {
        margin: 0;
        text-align: end;
        font-variant-numeric: tabular-nums;
        overflow-wrap: anywhere;
      }
    `,
  ];
}

function table(rows: readonly Row[]): TemplateResult {
  return html`<dl>${rows.map(([name, value]) =>
    value === undefined || value === '' ? nothing : html`<dt>${name}</dt><dd>${value}</dd>`,
  )}</dl>`;
}

function seen(vitals: Vitals): Row[] {
  const { width, height, codec, audioCodec } = vitals;
  return [
    ['Picture', width && height ? `${width} × ${height}` : undefined],
    ['Frames', unit(vitals.fps, '/s', 0)],
    ['Received', bits(vitals.bitrate)],
    ['Codec', [codec, audioCodec].filter((name) => name !== undefined).join(', ')],
    ['Round trip', unit(vitals.rtt, ' ms', 0)],
    ['Jitter', unit(vitals.jitter, ' ms', 1)],
    ['Lost packets', String(vitals.packetsLost)],
    ['Freezes', unit(vitals.freezes, '', 0)],
    ['Route', vitals.route],
  ];
}

function told(stats: DeviceStats): Row[] {
  return [
    ['Encoder', stats.encoder],
    ['Encoded', stats.width > 0 ? `${stats.width} × ${stats.height}, ${stats.fps.toFixed(0)}/s` : undefined],
    ['Bitrate', bits(stats.bitrate)],
    ['Viewers', String(stats.viewers)],
    ['Encoders', String(stats.encoders)],
    ['Key frames', String(stats.keyFrames)],
    ['Skipped for you', String(stats.skippedFrames)],
    ['Processor', `${stats.cpuCores.toFixed(2)} cores`],
    ['Memory', `${(stats.rss / 1e6).toFixed(0)} MB`],
    ['Temperature', unit(stats.temperature, ' °C', 0)],
  ];
}

function unit(value: number | undefined, name: string, digits: number): string | undefined {
  return value === undefined ? undefined : `${value.toFixed(digits)}${name}`;
}

function bits(value: number | undefined): string | undefined {
  if (value === undefined) return undefined;
  return value >= 1e6 ? `${(value / 1e6).toFixed(2)} Mbit/s` : `${(value / 1e3).toFixed(0)} kbit/s`;
}

customElements.define('watchword-stats', Stats);

declare global {
  interface HTMLElementTagNameMap {
    'watchword-stats': Stats;
  }
}
