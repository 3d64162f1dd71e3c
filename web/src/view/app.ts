/** The page as a whole: the door until the device is reached, then the stage with chat and statistics. */

import { html, nothing, type PropertyDeclarations, type PropertyValues, type TemplateResult } from 'lit';
import type { Transfer } from '../files/transfers';
import type { State } from '../session/machine';
import type { Viewer } from '../session/viewer';
import { appStyle } from './app-style';
import { Beep } from './beep';
import './chat';
import './commands';
import './door';
import './files';
import type { Panel } from './panel';
import './picker';
import type { Picker } from './picker';
import { countdown, sentence } from './sentences';
import { shared } from './shared-style';
import './stage';
import './stats';
import { ViewerElement } from './viewer-element';

export class App extends ViewerElement {
  static override properties: PropertyDeclarations = {
    state: { type: String, reflect: true },
    scene: { type: Boolean, reflect: true },
    panel: { type: String, reflect: true },
    measuring: { state: true },
  };
  /** Name of the viewer's state, for whoever looks at the page from outside. */
  declare state: State['name'];
  /** The stage is shown: the device was reached with this word. */
  declare scene: boolean;
  /** What is open beside the picture. */
  declare panel: Panel;
  declare measuring: boolean;
  #read = 0;
  /** Messages of others, as far as they have been answered with a sound. */
  #heard = 0;
  readonly #beep = new Beep();
  #clock: ReturnType<typeof setInterval> | undefined;
  readonly #onKey = (event: KeyboardEvent): void => this.#key(event);
  readonly #onGesture = (): void => this.#allowSound();
  readonly #onChoose = (): void => this.renderRoot.querySelector('watchword-picker')?.chooseFiles();

  constructor() {
    super();
    this.state = 'idle';
    this.scene = false;
    this.panel = matchMedia('(min-width: 60rem)').matches ? 'chat' : '';
    this.measuring = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener('keydown', this.#onKey);
    addEventListener('pointerdown', this.#onGesture);
    addEventListener('keydown', this.#onGesture);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener('keydown', this.#onKey);
    removeEventListener('pointerdown', this.#onGesture);
    removeEventListener('keydown', this.#onGesture);
    clearInterval(this.#clock);
  }

  protected override willUpdate(changed: PropertyValues): void {
    super.willUpdate(changed);
    if (changed.has('viewer')) this.viewer?.addEventListener('choose-files', this.#onChoose);
    const { state, stream } = this.viewer ?? {};
    this.state = state?.name ?? 'idle';
    if (this.state === 'live') this.scene = true;
    if (this.state === 'idle' || this.state === 'refused' || !stream) this.scene = false;
    const count = this.viewer?.conversation.chat.heard ?? 0;
    if (this.panel === 'chat' || count < this.#read) this.#read = count;
    this.#sound();
    this.#tick(state);
  }

  override render(): TemplateResult | typeof nothing {
    const { viewer } = this;
    if (!viewer) return nothing;
    const panel = this.scene ? this.panel : '';
    return html`
      <div class="picture" @fullscreen=${this.#fullscreen} @stats=${this.#toggleStats} @open-chat=${() => this.#toggle('chat')}
        @open-files=${() => this.#toggle('files')} @snapshot=${() => viewer.files.snapshot()} @leave=${() => viewer.leave()}>
        <watchword-stage .viewer=${viewer} ?shown=${this.scene} .panel=${panel} .measuring=${this.measuring}
          .unread=${viewer.conversation.chat.heard - this.#read} ?inert=${!this.scene}></watchword-stage>
        ${this.scene && this.measuring ? html`<watchword-stats .viewer=${viewer}></watchword-stats>` : nothing}
        <main>
          ${this.scene ? nothing : html`<watchword-door .viewer=${viewer}></watchword-door>`}
          <p class="status" role="status">${this.#status(viewer)}</p>
          ${this.scene ? nothing : this.#choice(viewer)}
        </main>
      </div>
      ${this.scene
        ? html`<aside ?hidden=${panel !== 'chat'}>
              <watchword-commands .viewer=${viewer}></watchword-commands>
              <watchword-chat .viewer=${viewer} @open-chat=${() => this.#toggle('chat')} @chat-sound=${this.#toggleSound}></watchword-chat>
            </aside>
            <aside ?hidden=${panel !== 'files'}>
              <watchword-files .viewer=${viewer} @open-files=${() => this.#toggle('files')} @choose-files=${this.#onChoose}
                @choose-folder=${() => this.#picker?.chooseFolder()} @choose-again=${this.#chooseAgain}></watchword-files>
            </aside>`
        : nothing}
      <watchword-picker .viewer=${viewer} @picked=${() => (this.panel = 'files')}></watchword-picker>
    `;
  }

  #status({ state, word, arrived }: Viewer): TemplateResult {
    const rest = countdown(state, Date.now());
    // Read aloud once, not each second.
    const clock = rest === '' ? nothing : html` <span aria-hidden="true">${rest}</span>`;
    return html`${sentence(state, word?.place ?? '', arrived)}${clock}`;
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
        { this.#toggle('chat'); return; }
      case 'd':
        { this.#toggle('files'); return; }
      case 'p':
        if (this.viewer?.conversation.may('watch')) this.viewer.files.snapshot();
        return;
      case 'm':
        return this.renderRoot.querySelector('watchword-stage')?.toggleSound();
    }
  }

  #toggleStats(): void {
    this.measuring = !this.measuring;
    this.viewer?.conversation.wantStats(this.measuring);
  }

  #toggle(panel: Panel): void {
    if (panel === 'files' && this.viewer?.files.allowed !== true) return;
    this.panel = this.panel === panel ? '' : panel;
    // Others may have put something there meanwhile, and nobody tells of it.
    if (this.panel === 'files') void this.viewer?.files.folder.refresh();
  }

  get #picker(): Picker | null {
    return this.renderRoot.querySelector('watchword-picker');
  }

  #chooseAgain(event: CustomEvent<Transfer>): void {
    this.#picker?.chooseAgain(event.detail);
  }

  /** For a message that nobody sees come. */
  #sound(): void {
    const { heardOfOthers = 0 } = this.viewer?.conversation.chat ?? {};
    const unseen = document.hidden || this.panel !== 'chat';
    if (heardOfOthers > this.#heard && unseen && this.viewer?.memory.chatSound === true) this.#beep.play();
    this.#heard = heardOfOthers;
  }

  #toggleSound(): void {
    const { memory } = this.viewer ?? {};
    if (!memory) return;
    memory.chatSound = !memory.chatSound;
    // What it will be like.
    if (memory.chatSound) this.#beep.allow().then(() => this.#beep.play(), () => undefined);
    this.requestUpdate();
    this.renderRoot.querySelector('watchword-chat')?.requestUpdate();
  }

  #allowSound(): void {
    if (this.viewer?.memory.chatSound === true) this.#beep.allow().catch(() => undefined);
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

  static override styles = [shared, appStyle];
}

customElements.define('watchword-app', App);

declare global {
  interface HTMLElementTagNameMap {
    'watchword-app': App;
  }
}
