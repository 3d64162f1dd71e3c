/** The page as a whole: the door until the device is reached, then the stage with chat and statistics. */

import { css, html, nothing, type PropertyDeclarations, type PropertyValues, type TemplateResult } from 'lit';
import type { State } from '../session/machine';
import type { Viewer } from '../session/viewer';
import './chat';
import './commands';
import './door';
import { countdown, sentence } from './sentences';
import { shared } from './shared-style';
import './stage';
import './stats';
import { ViewerElement } from './viewer-element';

export class App extends ViewerElement {
  static override properties: PropertyDeclarations = {
    state: { type: String, reflect: true },
    scene: { type: Boolean, reflect: true },
    chatting: { type: Boolean, reflect: true },
    measuring: { state: true },
  };
  /** Name of the viewer's state, for whoever looks at the page from outside. */
  declare state: State['name'];
  /** The stage is shown: the device was reached with this word. */
  declare scene: boolean;
  declare chatting: boolean;
  declare measuring: boolean;
  #read = 0;
  #clock: ReturnType<typeof setInterval> | undefined;
  readonly #onKey = (event: KeyboardEvent): void => this.#key(event);

  constructor() {
    super();
    this.state = 'idle';
    this.scene = false;
    this.chatting = matchMedia('(min-width: 60rem)').matches;
    this.measuring = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener('keydown', this.#onKey);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener('keydown', this.#onKey);
    clearInterval(this.#clock);
  }

  protected override willUpdate(changed: PropertyValues): void {
    super.willUpdate(changed);
    const { state, stream } = this.viewer ?? {};
    this.state = state?.name ?? 'idle';
    if (this.state === 'live') this.scene = true;
    if (this.state === 'idle' || this.state === 'refused' || !stream) this.scene = false;
    const count = this.viewer?.conversation.chat.heard ?? 0;
    if (this.chatting || count < this.#read) this.#read = count;
    this.#tick(state);
  }

  override render(): TemplateResult | typeof nothing {
    const { viewer } = this;
    if (!viewer) return nothing;
    const chat = this.scene && this.chatting;
    return html`
      <div class="picture" @fullscreen=${this.#fullscreen} @stats=${this.#toggleStats} @open-chat=${this.#toggleChat}
        @leave=${() => viewer.leave()}>
        <watchword-stage .viewer=${viewer} ?shown=${this.scene} .chatting=${chat} .measuring=${this.measuring}
          .unread=${viewer.conversation.chat.heard - this.#read} ?inert=${!this.scene}></watchword-stage>
        ${this.scene && this.measuring ? html`<watchword-stats .viewer=${viewer}></watchword-stats>` : nothing}
        <main>
          ${this.scene ? nothing : html`<watchword-door .viewer=${viewer}></watchword-door>`}
          <p class="status" role="status">${this.#status(viewer)}</p>
          ${this.scene ? nothing : this.#choice(viewer)}
        </main>
      </div>
      ${this.scene
        ? html`<aside ?hidden=${!chat}>
            <watchword-commands .viewer=${viewer}></watchword-commands>
            <watchword-chat .viewer=${viewer} @open-chat=${this.#toggleChat}></watchword-chat>
          </aside>`
        : nothing}
    `;
  }

  #status({ state, word }: Viewer): TemplateResult {
    const rest = countdown(state, Date.now());
    // Read aloud once, not each second.
    const clock = rest === '' ? nothing : html` <span aria-hidden="true">${rest}</span>`;
    return html`${sentence(state, word?.place ?? '', this.scene)}${clock}`;
  }

  /** What a person may do while waiting, or about a new key. */
  #choice(viewer: Viewer): TemplateResult | typeof nothing {
    const { state } = viewer;
    const leave = (label: string): TemplateResult =>
      html`<button type="button" name="cancel" @click=${() => viewer.leave()}>${label}</button>`;
    if (state.name === 'idle' || state.name === 'live') return nothing;
    if (state.name !== 'refused') return html`<div class="choice">${leave('Cancel')}</div>`;
    if (state.reason !== 'changed-key') return nothing;
    return html`<div class="choice">
      ${leave('Leave')}
      <button type="button" name="trust" @click=${() => viewer.acceptKey()}>Trust the new key</button>
    </div>`;
  }

  #tick(state: State | undefined): void {
    const counting = state?.name === 'refused' && state.retryAt !== undefined;
    if (counting && this.#clock === undefined) this.#clock = setInterval(() => this.requestUpdate(), 500);
    if (!counting) {
      clearInterval(this.#clock);
      this.#clock = undefined;
    }
  }

  #key(event: KeyboardEvent): void {
    const [target] = event.composedPath();
    const typing = target instanceof HTMLInputElement && target.type !== 'checkbox';
    if (!this.scene || typing || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    switch (event.key.toLowerCase()) {
      case 's':
        { this.#toggleStats(); return; }
      case 'f':
        { this.#fullscreen(); return; }
      case 'c':
        { this.#toggleChat(); return; }
      case 'm':
        return this.renderRoot.querySelector('watchword-stage')?.toggleSound();
    }
  }

  #toggleStats(): void {
    this.measuring = !this.measuring;
    this.viewer?.conversation.wantStats(this.measuring);
  }

  #toggleChat(): void {
    this.chatting = !this.chatting;
  }

  #fullscreen(): void {
    if (document.fullscreenElement) {
      document.exitFullscreen().catch(() => undefined);
    } else if ((this as Partial<HTMLElement>).requestFullscreen) {
      this.requestFullscreen().catch(() => undefined);
    } else {
      const video: (HTMLVideoElement & { webkitEnterFullscreen?: () => void }) | null | undefined =
        this.renderRoot.querySelector('watchword-stage')?.video;
      video?.webkitEnterFullscreen?.();
    }
  }

  static override styles = [
    shared,
    css`
      :host {
        position: fixed;
        inset: 0;
        display: grid;
        grid-template: 1fr / 1fr;
        background: var(--ground);
      }
      .picture {
        position: relative;
        min-width: 0;
        min-height: 0;
        overflow: auto;
      }
      main {
        position: relative;
        display: grid;
        gap: 1.25rem;
        width: min(27rem, 100% - 2rem);
        margin: max(1rem, min(16vh, 9rem)) auto 1rem;
        padding: 2rem clamp(1.25rem, 5vw, 2.25rem);
        background: var(--surface);
        border: 1px solid var(--line);
        border-radius: calc(var(--round) * 1.5);
        box-shadow: var(--shadow);
      }
      .status {
        margin: 0;
        color: var(--quiet);
        text-align: center;
        text-wrap: pretty;
      }
      .status:empty,
      :host([state='idle']) .status {
        display: none;
      }
      :host([state='refused']) .status {
        padding: 0.75rem 1rem;
        border-radius: var(--round);
        background: var(--warn-soft);
        color: var(--warn);
      }
      .choice {
        display: flex;
        flex-wrap: wrap;
        justify-content: center;
        gap: 0.75rem;
      }
      .choice button {
        padding: 0.7rem 1.2rem;
        border: 1px solid var(--field);
        border-radius: var(--round);
        background: transparent;
        font-weight: 600;
      }
      :host([scene]) .picture {
        overflow: hidden;
      }
      :host([scene]) main {
        position: absolute;
        inset: max(0.9rem, env(safe-area-inset-top)) 0 auto;
        width: fit-content;
        max-width: calc(100% - 2rem);
        margin: 0 auto;
        padding: 0;
        background: none;
        border: 0;
        box-shadow: none;
        pointer-events: none;
      }
      :host([scene]) .status {
        padding: 0.5rem 1rem;
        border-radius: 999px;
        background: rgb(14 18 20 / 78%);
        color: #fff;
      }
      :host([scene][state='live']) .status {
        position: absolute;
        width: 1px;
        height: 1px;
        overflow: hidden;
        clip-path: inset(50%);
      }
      aside {
        display: flex;
        flex-direction: column;
        min-height: 0;
      }
      aside[hidden] {
        display: none;
      }
      watchword-chat {
        flex: 1;
      }
      watchword-stats {
        position: absolute;
        inset: max(0.9rem, env(safe-area-inset-top)) auto auto max(0.9rem, env(safe-area-inset-left));
        max-height: calc(100% - 6rem);
        overflow: auto;
        color-scheme: dark;
        scrollbar-width: thin;
        border-radius: var(--round);
      }
      /* The sentence of a state stands above. */
      :host([scene]:not([state='live'])) watchword-stats {
        margin-top: 4.5rem;
        max-height: calc(100% - 10.5rem);
      }
      @media (min-width: 60rem) {
        :host([scene][chatting]) {
          grid-template-columns: 1fr 22rem;
        }
        aside {
          border-inline-start: 1px solid var(--line);
        }
      }
      @media (max-width: 59.99rem) {
        :host([scene][chatting]) {
          grid-template-rows: minmax(30%, 1fr) minmax(0, 55%);
        }
      }
    `,
  ];
}

customElements.define('watchword-app', App);

declare global {
  interface HTMLElementTagNameMap {
    'watchword-app': App;
  }
}
