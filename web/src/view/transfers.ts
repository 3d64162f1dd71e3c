/** What is on its way to and from the device: how far it is, and what a person can do about it. */

import { css, html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { shown } from '../files/names';
import { isActive, type State } from '../files/state';
import type { Transfer } from '../files/transfers';
import { size, speed, timeLeft } from '../files/units';
import { cross, pause, play } from './icons';
import { shared } from './shared-style';
import { ViewerElement } from './viewer-element';

/** Rows shown; what runs and what needs a person comes first. */
const MAX_ROWS = 60;

const ORDER: readonly State['name'][] = ['running', 'asking', 'failed', 'absent', 'paused', 'resting', 'broken', 'waiting', 'done'];

export class TransfersElement extends ViewerElement {
  override render(): TemplateResult | typeof nothing {
    const transfers = this.viewer?.files.transfers;
    if (!transfers || transfers.all.length === 0) return nothing;
    const { all } = transfers;
    const done = all.filter(({ state }) => state.name === 'done').length;
    const rows = all.toSorted((a, b) => ORDER.indexOf(a.state.name) - ORDER.indexOf(b.state.name)).slice(0, MAX_ROWS);
    return html`<section aria-label="Transfers">
      <header>
        <h3>${all.length === 1 ? '1 file' : `${all.length} files`}${done > 0 ? `, ${done} done` : ''}</h3>
        ${done > 0 ? html`<button type="button" name="clear" @click=${() => transfers.removeDone()}>Clear</button>` : nothing}
      </header>
      <ul>${repeat(rows, (transfer) => transfer, (transfer) => this.#row(transfer))}</ul>
      ${all.length > rows.length ? html`<p class="rest">and ${all.length - rows.length} more</p>` : nothing}
    </section>`;
  }

  #row(transfer: Transfer): TemplateResult {
    const { job, state, moved } = transfer;
    const name = shown(job.name);
    const doing = job.direction === 'up' ? 'Sending' : 'Fetching';
    return html`<li class=${state.name} data-name=${job.name}>
      <span class="arrow" aria-hidden="true">${job.direction === 'up' ? '↑' : '↓'}</span>
      <bdi class="name">${name}</bdi>
      <span class="acts">${this.#acts(transfer, name)}</span>
      ${!isActive(state) && state.name !== 'paused'
        ? nothing
        : html`<progress aria-label="${doing} ${name}" max=${Math.max(1, job.size ?? 1)} value=${moved}></progress>`}
      <span class="what">${what(transfer)} ${isActive(state) ? job.note : ''}</span>
      ${this.#answers(transfer)}
    </li>`;
  }

  #acts(transfer: Transfer, name: string): (TemplateResult | typeof nothing)[] {
    const { files } = this.viewer ?? {};
    const { state } = transfer;
    const stop = state.name === 'done' ? 'Take off the list' : 'Cancel';
    return [
      isActive(state) ? button('pause', `Pause ${name}`, pause, () => files?.transfers.pause(transfer)) : nothing,
      state.name === 'paused' ? button('resume', `Resume ${name}`, play, () => files?.transfers.go(transfer)) : nothing,
      button('cancel', `${stop}: ${name}`, cross, () => files?.remove(transfer)),
    ];
  }

  /** Where a person has to decide. */
  #answers(transfer: Transfer): TemplateResult | typeof nothing {
    const { files } = this.viewer ?? {};
    switch (transfer.state.name) {
      case 'asking':
        return html`<span class="answers">
          <button type="button" name="replace" @click=${() => files?.overwrite(transfer)}>Replace it</button>
          <button type="button" name="leave-it" @click=${() => files?.remove(transfer)}>Leave it</button>
        </span>`;
      case 'failed':
        return html`<span class="answers">
          <button type="button" name="again" @click=${() => files?.transfers.go(transfer)}>Try again</button>
        </span>`;
      case 'absent':
        return html`<span class="answers">
          ${transfer.state.handle
            ? html`<button type="button" name="permit" @click=${() => void files?.permit(transfer)}>Go on</button>`
            : nothing}
          <button type="button" name="choose-again" @click=${() => this.#chooseAgain(transfer)}>Choose the file again</button>
        </span>`;
      case 'waiting':
      case 'running':
      case 'paused':
      case 'broken':
      case 'resting':
      case 'done':
        return nothing;
    }
  }

  #chooseAgain(transfer: Transfer): void {
    this.dispatchEvent(new CustomEvent('choose-again', { detail: transfer, bubbles: true, composed: true }));
  }

  static override styles = [
    shared,
    css`
      :host {
        display: block;
      }
      header {
        position: sticky;
        top: 0;
        display: flex;
        align-items: center;
        justify-content: space-between;
        min-height: 2.4rem;
        padding: 0 0.6rem 0 1rem;
        border-top: 1px solid var(--line);
        background: var(--surface);
        color: var(--quiet);
        font-size: 0.85rem;
      }
      h3 {
        margin: 0;
        font-size: inherit;
        font-weight: 600;
      }
      ul {
        margin: 0;
        padding: 0;
        list-style: none;
      }
      li {
        display: grid;
        grid-template-columns: auto 1fr auto;
        align-items: center;
        gap: 0.1rem 0.5rem;
        padding: 0.35rem 0.6rem 0.5rem 1rem;
      }
      .arrow {
        color: var(--quiet);
      }
      .done .arrow {
        color: var(--accent);
      }
      .name {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      progress,
      .what,
      .answers {
        grid-column: 2 / -1;
      }
      progress {
        width: 100%;
        height: 0.4rem;
        accent-color: var(--accent);
      }
      .what {
        color: var(--quiet);
        font-size: 0.85rem;
        font-variant-numeric: tabular-nums;
        overflow-wrap: anywhere;
      }
      .failed .what,
      .asking .what,
      .absent .what {
        color: var(--warn);
      }
      .acts {
        display: flex;
      }
      .acts button {
        display: grid;
        place-items: center;
        width: 2.2rem;
        height: 2.2rem;
        padding: 0;
        border: 0;
        border-radius: 10px;
        background: transparent;
        color: var(--quiet);
      }
      .acts button:hover {
        background: var(--accent-soft);
        color: var(--text);
      }
      .answers {
        display: flex;
        flex-wrap: wrap;
        gap: 0.4rem;
        padding-top: 0.3rem;
      }
      .answers button,
      header button {
        min-height: 2rem;
        padding: 0 0.8rem;
        border: 1px solid var(--field);
        border-radius: 10px;
        background: transparent;
        color: var(--text);
        font-size: 0.9rem;
      }
      header button {
        border-color: transparent;
      }
      .rest {
        margin: 0;
        padding: 0.3rem 1rem 0.7rem;
        color: var(--quiet);
        font-size: 0.85rem;
      }
    `,
  ];
}

/** The state of a transfer as a sentence. */
export function what(transfer: Transfer): string {
  const { state, job, moved, left } = transfer;
  const whole = job.size === undefined ? undefined : size(job.size);
  const gone = whole === undefined ? size(moved) : `${size(moved)} of ${whole}`;
  switch (state.name) {
    case 'waiting':
      return whole === undefined ? 'Waits for its turn.' : `${whole}, waits for its turn.`;
    case 'running': {
      const pace = transfer.rate.speed;
      if (job.size !== undefined && moved >= job.size) return `${gone}, being checked.`;
      return [gone, ...(pace === undefined ? [] : [speed(pace)]), ...(left === undefined ? [] : [timeLeft(left)])].join(', ');
    }
    case 'paused':
      return `Paused: ${gone}.`;
    case 'broken':
      return `${gone}. Goes on by itself when the connection is back.`;
    case 'resting':
      return `${state.message} Trying again.`;
    case 'asking':
      return `${state.message} Replace it?`;
    case 'absent':
      return state.handle
        ? `${whole ?? ''}, not finished when the page was left.`
        : `${whole ?? ''}, not finished when the page was left: choose the file again to go on.`;
    case 'done':
      return `${whole ?? gone}, ${job.direction === 'up' ? 'sent' : 'fetched'}.`;
    case 'failed':
      return state.message;
  }
}

function button(name: string, label: string, icon: TemplateResult, act: () => void): TemplateResult {
  return html`<button type="button" name=${name} aria-label=${label} title=${label} @click=${act}>${icon}</button>`;
}

customElements.define('watchword-transfers', TransfersElement);

declare global {
  interface HTMLElementTagNameMap {
    'watchword-transfers': TransfersElement;
  }
}
