/** The stage: picture and sound, and the few buttons on them. */

import { html, nothing, type PropertyDeclarations, type PropertyValues, type TemplateResult } from 'lit';
import { bubble, chart, door, expand, folder, lens, soundOff, soundOn } from './icons';
import { pictureNotice } from './sentences';
import type { Panel } from './panel';
import { shared } from './shared-style';
import { stageStyle } from './stage-style';
import { ViewerElement } from './viewer-element';

/** The buttons fade when the pointer has rested for so long, milliseconds. */
const REST = 3_500;

export class Stage extends ViewerElement {
  static override properties: PropertyDeclarations = {
    shown: { type: Boolean, reflect: true },
    unread: { type: Number },
    panel: { type: String },
    measuring: { type: Boolean },
    resting: { type: Boolean, reflect: true },
    muted: { state: true },
  };
  /** Whether a person sees the stage; frames are decoded all the same, so that the first one is noticed. */
  declare shown: boolean;
  declare unread: number;
  /** What is open beside the picture. */
  declare panel: Panel;
  declare measuring: boolean;
  declare resting: boolean;
  declare muted: boolean;
  /** The viewer chose silence or sound; before that the first touch brings sound. */
  #chose = false;
  #stream: MediaStream | undefined;
  /** The stream on the video brought a picture that has not been kept yet. */
  #fresh = false;
  #restTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #onGesture = (event: Event): void => this.#gesture(event);

  constructor() {
    super();
    this.shown = false;
    this.unread = 0;
    this.panel = '';
    this.measuring = false;
    this.resting = false;
    this.muted = !hasBeenTouched();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener('pointerdown', this.#onGesture, true);
    addEventListener('keydown', this.#onGesture, true);
    addEventListener('pointermove', this.#stir);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener('pointerdown', this.#onGesture, true);
    removeEventListener('keydown', this.#onGesture, true);
    removeEventListener('pointermove', this.#stir);
    clearTimeout(this.#restTimer);
  }

  override render(): TemplateResult {
    const media = this.viewer?.conversation.media;
    const notice = this.viewer?.state.name === 'live' ? pictureNotice(media?.video) : '';
    return html`
      <video autoplay playsinline disablepictureinpicture aria-label="Live picture" .muted=${this.muted}
        @loadeddata=${this.#onData} @dblclick=${this.toggleFullscreen}></video>
      <canvas aria-hidden="true" ?hidden=${this.viewer?.state.name === 'live'}></canvas>
      <p class="notice" aria-live="polite">${notice}</p>
      ${this.#buttons(media?.audio.state !== 'none')}
    `;
  }

  protected override willUpdate(changed: PropertyValues): void {
    super.willUpdate(changed);
    if (changed.has('viewer')) this.viewer?.addEventListener('ending', () => this.#keepPicture());
  }

  protected override updated(changed: PropertyValues): void {
    const stream = this.viewer?.stream;
    if (stream !== this.#stream) this.#play(stream);
    if (changed.has('shown')) this.#stir();
  }

  toggleSound(): void {
    this.#chose = true;
    this.muted = !this.muted;
    this.#resume();
  }

  toggleFullscreen(): void {
    this.dispatchEvent(new CustomEvent('fullscreen', { bubbles: true, composed: true }));
  }

  /** For browsers that show nothing but a video over the whole screen. */
  get video(): HTMLVideoElement | null {
    return this.renderRoot.querySelector('video');
  }

  #buttons(audible: boolean): TemplateResult {
    const sound = this.muted ? 'Sound on' : 'Sound off';
    const inviting = this.muted && !this.#chose && audible;
    const unread = this.unread > 0 ? html`<span class="unread">${Math.min(this.unread, 99)}</span>` : nothing;
    return html`<div class="buttons" role="toolbar" aria-label="Picture and sound" ?hidden=${!this.shown}>
      <button type="button" name="sound" class=${inviting ? 'inviting' : ''} ?hidden=${!audible} aria-label="Sound"
        title="${sound} (m)" aria-pressed=${!this.muted} @click=${this.toggleSound}>
        ${this.muted ? soundOff : soundOn}${inviting ? html`<span>Tap for sound</span>` : nothing}
      </button>
      <span class="room"></span>
      ${this.#button('stats', 'Statistics', 's', chart, this.measuring)}
      <button type="button" name="open-chat" aria-label="Chat${this.unread > 0 ? `, ${this.unread} unread` : ''}"
        title="Chat (c)" aria-pressed=${this.panel === 'chat'} @click=${() => this.#ask('open-chat')}>${bubble}${unread}</button>
      ${this.#files()}
      ${this.viewer?.conversation.may('watch') ? this.#button('snapshot', 'Take a picture', 'p', lens, false) : nothing}
      ${this.#button('fullscreen', 'Full screen', 'f', expand, false)}
      ${this.#button('leave', 'Leave', '', door, false)}
    </div>`;
  }

  /** Shown to those whose word allows files; the number of those on their way stands on it. */
  #files(): TemplateResult | typeof nothing {
    const files = this.viewer?.files;
    if (!files?.allowed) return nothing;
    const { active } = files.transfers;
    const badge = active > 0 ? html`<span class="unread going">${Math.min(active, 99)}</span>` : nothing;
    return html`<button type="button" name="open-files" aria-label="Files${active > 0 ? `, ${active} on their way` : ''}"
      title="Files (d)" aria-pressed=${this.panel === 'files'} @click=${() => this.#ask('open-files')}>${folder}${badge}</button>`;
  }

  #button(name: string, label: string, key: string, icon: TemplateResult, pressed: boolean): TemplateResult {
    return html`<button type="button" name=${name} aria-label=${label} title=${key === '' ? label : `${label} (${key})`}
      aria-pressed=${pressed ? 'true' : nothing} @click=${() => this.#ask(name)}>${icon}</button>`;
  }

  #ask(name: string): void {
    this.dispatchEvent(new CustomEvent(name, { bubbles: true, composed: true }));
  }

  #play(stream: MediaStream | undefined): void {
    const video = this.video;
    if (!video) return;
    this.#stream = stream;
    this.#fresh = false;
    video.srcObject = stream ?? null;
    if (!stream) {
      this.#forgetPicture();
      return;
    }
    // Not every browser tells of frames; `loadeddata` comes with the first one everywhere.
    if ('requestVideoFrameCallback' in video) video.requestVideoFrameCallback(() => this.#onFrame(stream));
    this.#resume();
  }

  #onData(): void {
    if (this.#stream) this.#onFrame(this.#stream);
  }

  #onFrame(stream: MediaStream): void {
    if (stream !== this.#stream) return;
    this.#fresh = true;
    this.viewer?.shown(stream);
  }

  /** The last picture of a session stays, dimmed, until the next one brings its first. */
  #keepPicture(): void {
    const { video } = this;
    const canvas = this.renderRoot.querySelector('canvas');
    if (!canvas || !video || !this.#fresh) return;
    this.#fresh = false;
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    canvas.getContext('2d')?.drawImage(video, 0, 0);
  }

  #forgetPicture(): void {
    const canvas = this.renderRoot.querySelector('canvas');
    if (canvas) canvas.width = 0;
  }

  #resume(): void {
    const video = this.video;
    if (!video?.srcObject) return;
    video.muted = this.muted;
    video.play().catch((error: unknown) => {
      // No sound before the first touch: the picture starts without.
      if (!(error instanceof DOMException) || error.name !== 'NotAllowedError' || this.muted) return;
      this.muted = true;
      video.muted = true;
      video.play().catch(() => undefined);
    });
  }

  #gesture(event: Event): void {
    this.#stir();
    if (this.#chose || !this.muted || !hasBeenTouched(event)) return;
    // The button does it itself; twice would be silence again.
    const onButton = event.composedPath().some((node) => node instanceof HTMLButtonElement && node.name === 'sound');
    if (onButton) return;
    this.muted = false;
    this.#resume();
  }

  #stir = (): void => {
    clearTimeout(this.#restTimer);
    if (this.resting) this.resting = false;
    this.#restTimer = setTimeout(() => (this.resting = this.shown), REST);
  };

  static override styles = [shared, stageStyle];
}

/** The browser allows sound once somebody touched the page; a key that only moves within it does not count. */
function hasBeenTouched(event?: Event): boolean {
  const activation = (navigator as Partial<Navigator>).userActivation;
  return activation ? activation.hasBeenActive : event !== undefined;
}

customElements.define('watchword-stage', Stage);

declare global {
  interface HTMLElementTagNameMap {
    'watchword-stage': Stage;
  }
}
