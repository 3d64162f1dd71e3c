/** Buttons of the owner's commands, with fields for their arguments, and what came of them. */

import { css, html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { Argument, Command, Run } from '../session/commands';
import { shared } from './shared-style';
import { ViewerElement } from './viewer-element';

export class CommandsElement extends ViewerElement {
  static override properties: PropertyDeclarations = { problem: { state: true } };
  declare problem: string;

  constructor() {
    super();
    this.problem = '';
  }

  override render(): TemplateResult | typeof nothing {
    const commands = this.viewer?.conversation.commands;
    if (!commands || commands.known.length === 0) return nothing;
    return html`<details class="commands" open>
      <summary>Commands</summary>
      ${commands.known.map((command) => this.#command(command))}
      <p class="problem" role="alert">${this.problem}</p>
      <div class="runs" role="log" aria-label="Output of commands">
        ${repeat(commands.runs, ({ id }) => id, (run) => this.#run(run))}
      </div>
    </details>`;
  }

  #command(command: Command): TemplateResult {
    return html`<form name=${command.name} @submit=${(event: SubmitEvent) => void this.#start(event, command)}>
      ${command.args.map((argument) => field(argument))}
      <button type="submit" title=${command.description}>${command.label}</button>
    </form>`;
  }

  #run(run: Run): TemplateResult {
    return html`<section class="run" aria-label=${run.label}>
      <p>
        <b>${run.label}</b> <span class=${run.failed ? 'failed' : ''}>${run.end ?? 'runs …'}</span>
        ${run.end === undefined
          ? html`<button type="button" name="stop" @click=${() => void this.viewer?.conversation.commands.stop(run)}>Stop</button>`
          : nothing}
      </p>
      ${run.output.length === 0
        ? nothing
        : html`<pre tabindex="0">${run.output.map(({ error, text }) => (error ? html`<span class="error">${text}</span>` : text))}</pre>`}
    </section>`;
  }

  async #start(event: SubmitEvent, command: Command): Promise<void> {
    event.preventDefault();
    const data = new FormData(event.target as HTMLFormElement);
    const args = Object.fromEntries(command.args.map(({ name }): [string, string] => [name, (data.get(name) as string | null) ?? '']));
    try {
      await this.viewer?.conversation.run(command, args);
      this.problem = '';
    } catch (error) {
      this.problem = error instanceof Error ? error.message : 'It could not be run.';
    }
  }

  static override styles = [
    shared,
    css`
      :host {
        display: block;
        max-height: 45%;
        overflow-y: auto;
        background: var(--surface);
        color: var(--text);
      }
      details {
        padding: 0.6rem 1rem;
        border-bottom: 1px solid var(--line);
      }
      summary {
        font-weight: 600;
        cursor: pointer;
      }
      form {
        display: inline-flex;
        flex-wrap: wrap;
        align-items: end;
        gap: 0.4rem;
        margin: 0.6rem 0.6rem 0 0;
      }
      label {
        display: grid;
        color: var(--quiet);
        font-size: 0.8rem;
      }
      input,
      select {
        width: 8rem;
        padding: 0.4rem 0.55rem;
        border: 1px solid var(--field);
        border-radius: 10px;
        background: var(--ground);
        color: var(--text);
        /* Below 16 px iOS enlarges the page. */
        font-size: 1rem;
      }
      button {
        min-height: 2.4rem;
        padding: 0 0.9rem;
        border: 0;
        border-radius: 10px;
        background: var(--accent);
        color: var(--accent-text);
      }
      .run p {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.5rem;
        margin: 0.6rem 0 0.3rem;
        font-size: 0.9rem;
      }
      .run button {
        min-height: 1.8rem;
      }
      pre {
        max-height: 12rem;
        margin: 0;
        padding: 0.5rem 0.7rem;
        overflow: auto;
        border: 1px solid var(--line);
        border-radius: 10px;
        background: var(--ground);
        font-size: 0.85rem;
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      .failed,
      .error,
      .problem {
        color: var(--warn);
      }
      .problem {
        margin: 0.5rem 0 0;
        font-size: 0.9rem;
      }
      .problem:empty {
        display: none;
      }
    `,
  ];
}

function field({ name, choices }: Argument): TemplateResult {
  return html`<label>${name}
    ${choices.length > 0
      ? html`<select name=${name}>${choices.map((choice) => html`<option>${choice}</option>`)}</select>`
      : html`<input name=${name} maxlength="4096" autocomplete="off" autocapitalize="off" spellcheck="false" />`}
  </label>`;
}

customElements.define('watchword-commands', CommandsElement);

declare global {
  interface HTMLElementTagNameMap {
    'watchword-commands': CommandsElement;
  }
}
