/** The chat: lines as text, never as markup, and the name that others see. */

import { css, html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import { classMap } from 'lit/directives/class-map.js';
import { repeat } from 'lit/directives/repeat.js';
import { MAX_CHAT, MAX_NAME } from '../session/conversation';
import type { Chat as ChatState } from '../session/chat';
import type { ChatMessage } from '../session/device';
import { bell, bellOff, send } from './icons';
import { linked } from './links';
import { panelStyle } from './panel-style';
import { shared } from './shared-style';
import { ViewerElement } from './viewer-element';

const EMPTY = 'Whoever watches this device reads what you write here.';
const SILENT = 'Your word does not allow the chat: its owner can change that.';
const TIME = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

export class Chat extends ViewerElement {
  static override properties: PropertyDeclarations = { problem: { state: true } };
  declare problem: string;
  #lines = 0;

  constructor() {
    super();
    this.problem = '';
  }

  override render(): TemplateResult | typeof nothing {
    const { viewer } = this;
    if (!viewer) return nothing;
    const { chat, info } = viewer.conversation;
    const { lines } = chat;
    // Until the device has told, it is assumed that it allows what most words do.
    const silent = info !== undefined && !viewer.conversation.may('chat');
    return html`<section class="chat" aria-label="Chat">
      <header>
        <h2>Chat</h2>
        <label for="name">Your name</label>
        <input id="name" name="name" .value=${viewer.memory.name} placeholder=${info?.you ?? 'viewer'} maxlength="64"
          autocomplete="nickname" @change=${this.#rename} />
        <button type="button" name="chat-sound" class="sound" aria-label="Sound for messages" title="A sound for messages that you do not see"
          aria-pressed=${viewer.memory.chatSound} @click=${this.#sound}>${viewer.memory.chatSound ? bell : bellOff}</button>
        <button type="button" class="close" aria-label="Close the chat" @click=${this.#close}>×</button>
      </header>
      ${this.#here(chat)}
      <ol class="messages" role="log" aria-label="Messages" tabindex="0">
        ${repeat(lines, (line) => line, (line) => this.#line(line))}
      </ol>
      ${lines.length === 0 ? html`<p class="empty">${silent ? SILENT : EMPTY}</p>` : nothing}
      <p class="problem" role="alert">${this.problem}</p>
      <form @submit=${this.#say} ?hidden=${silent}>
        <label class="unseen" for="chat">Message</label>
        <input id="chat" name="chat" placeholder="Message, or /help" maxlength=${MAX_CHAT} autocomplete="off"
          enterkeyhint="send" />
        <button type="submit" aria-label="Send">${send}</button>
      </form>
    </section>`;
  }

  protected override updated(): void {
    const count = this.viewer?.conversation.chat.lines.length ?? 0;
    const list = this.renderRoot.querySelector('ol');
    if (list && count !== this.#lines) list.scrollTop = list.scrollHeight;
    this.#lines = count;
  }

  #here({ members, you }: ChatState): TemplateResult | typeof nothing {
    if (members.length === 0) return nothing;
    const names = members.map(({ id, name }) => (id === you ? `${name} (you)` : name));
    return html`<p class="here" aria-label="Who is here">Here: ${names.join(', ')}</p>`;
  }

  #line({ from, own, reply, text, timeMs }: ChatMessage): TemplateResult {
    return html`<li class=${classMap({ own, reply })}>
      <span class="who"><b>${own ? 'You' : from}</b> <time>${TIME.format(timeMs)}</time></span>
      <span class="text">${linked(text)}</span>
    </li>`;
  }

  async #say(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const input = this.renderRoot.querySelector<HTMLInputElement>('input[name="chat"]');
    const text = input?.value.trim() ?? '';
    if (!input || !this.viewer || text === '') return;
    if (bytes(text) > MAX_CHAT) {
      this.problem = 'This is too long for one message: send it in parts.';
      return;
    }
    input.value = '';
    try {
      await this.viewer.conversation.say(text);
      this.problem = '';
    } catch (error) {
      this.problem = error instanceof Error ? error.message : 'Not sent.';
      // What was not sent is not lost, unless something else is being typed already.
      if (input.value === '') input.value = text;
    }
  }

  #rename(event: Event): void {
    const input = event.target as HTMLInputElement;
    const characters = Array.from(input.value.trim());
    while (bytes(characters.join('')) > MAX_NAME) characters.pop();
    const name = characters.join('');
    input.value = name;
    this.viewer?.rename(name);
  }

  #sound(): void {
    this.dispatchEvent(new CustomEvent('chat-sound', { bubbles: true, composed: true }));
  }

  #close(): void {
    this.dispatchEvent(new CustomEvent('open-chat', { bubbles: true, composed: true }));
  }

  static override styles = [
    shared,
    panelStyle,
    css`
      header {
        gap: 0.5rem;
      }
      h2 {
        flex: 1;
        margin: 0;
        font-size: 1rem;
      }
      header label {
        color: var(--quiet);
        font-size: 0.85rem;
        white-space: nowrap;
      }
      input {
        min-width: 0;
        padding: 0.5rem 0.7rem;
        border: 1px solid var(--field);
        border-radius: 10px;
        background: var(--ground);
      }
      header input {
        width: 6rem;
        padding: 0.3rem 0.55rem;
        font-size: 0.9rem;
      }
      .here {
        margin: 0;
        padding: 0.4rem 1rem;
        max-height: 3.2rem;
        overflow-y: auto;
        border-bottom: 1px solid var(--line);
        color: var(--quiet);
        font-size: 0.85rem;
        overflow-wrap: anywhere;
      }
      .text a {
        color: inherit;
      }
      .messages {
        flex: 1;
        display: flex;
        flex-direction: column;
        gap: 0.6rem;
        margin: 0;
        padding: 1rem;
        overflow-y: auto;
        overscroll-behavior: contain;
        list-style: none;
      }
      li {
        max-width: 88%;
        align-self: flex-start;
      }
      li:first-child {
        margin-top: auto;
      }
      li.own {
        align-self: flex-end;
        text-align: end;
      }
      .who {
        display: block;
        color: var(--quiet);
        font-size: 0.8rem;
        overflow-wrap: anywhere;
      }
      .text {
        display: inline-block;
        padding: 0.45rem 0.75rem;
        border: 1px solid var(--line);
        border-radius: 4px var(--round) var(--round) var(--round);
        text-align: start;
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      .own .text {
        border-color: transparent;
        border-radius: var(--round) 4px var(--round) var(--round);
        background: var(--accent-soft);
      }
      .reply .text {
        border-style: dashed;
        font-family: ui-monospace, monospace;
        font-size: 0.9rem;
      }
      .empty,
      .problem {
        margin: 0;
        padding: 0 1rem 0.75rem;
        color: var(--quiet);
        font-size: 0.9rem;
      }
      .problem {
        color: var(--warn);
      }
      .problem:empty {
        display: none;
      }
      form[hidden] {
        display: none;
      }
      form {
        display: flex;
        gap: 0.5rem;
        padding: 0.75rem;
        padding-bottom: max(0.75rem, env(safe-area-inset-bottom));
        border-top: 1px solid var(--line);
      }
      form input {
        flex: 1;
        /* Below 16 px iOS enlarges the page. */
        font-size: 1rem;
      }
      button {
        display: grid;
        place-items: center;
        width: 2.6rem;
        border: 0;
        border-radius: 10px;
        background: var(--accent);
        color: var(--accent-text);
      }
      .sound,
      .close {
        width: 2.2rem;
        height: 2.2rem;
        background: transparent;
        color: var(--quiet);
      }
      .sound[aria-pressed='true'] {
        color: var(--accent);
      }
      .close {
        font-size: 1.4rem;
        line-height: 1;
      }
    `,
  ];
}

function bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}

customElements.define('watchword-chat', Chat);

declare global {
  interface HTMLElementTagNameMap {
    'watchword-chat': Chat;
  }
}
