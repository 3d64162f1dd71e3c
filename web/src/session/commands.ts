/** The owner's commands, and what became of those that were run here. */

import { isObject, type Control } from './control';

/** Characters kept of one run's output; the oldest go first. */
const MAX_OUTPUT = 64 * 1024;
/** Runs shown; the oldest go first. */
const MAX_RUNS = 20;

export interface Argument {
  name: string;
  /** Where the value is one of these. */
  choices: readonly string[];
}

export interface Command {
  name: string;
  label: string;
  description: string;
  args: readonly Argument[];
}

export interface Run {
  id: number;
  label: string;
  output: readonly { error: boolean; text: string }[];
  /** How it ended, a sentence; undefined while it runs. */
  end: string | undefined;
  failed: boolean;
}

export class Commands {
  known: readonly Command[] = [];
  /** The newest first. */
  runs: readonly Run[] = [];
  #control: Control | undefined;

  begin(control: Control): void {
    this.#control = control;
  }

  /** The session is over: what ran is not heard of any more. */
  end(): void {
    this.#control = undefined;
    this.runs = this.runs.map((run) => (run.end === undefined ? { ...run, end: 'The connection ended.', failed: true } : run));
  }

  /** Result of `command.list`. */
  list(result: unknown): void {
    const commands = isObject(result) && Array.isArray(result.commands) ? result.commands : [];
    this.known = commands.map(readCommand).filter((command) => command !== undefined);
  }

  /** Rejects with a sentence for a person. */
  async run(command: Command, args: Record<string, string>): Promise<void> {
    const control = this.#control;
    if (!control) throw new Error('There is no connection to the device just now.');
    const result = await control.request('command.run', { name: command.name, args });
    const id = isObject(result) && typeof result.run === 'number' ? result.run : 0;
    // What it said may be here before the answer is: see `#of`.
    this.#of(id, (run) => ({ ...run, label: command.label }));
  }

  async stop({ id }: Run): Promise<void> {
    await this.#control?.request('command.stop', { run: id }).catch(() => undefined);
  }

  /** `command.output` */
  output(params: unknown): void {
    if (!isObject(params) || typeof params.run !== 'number' || typeof params.text !== 'string') return;
    const piece = { error: params.stream === 'stderr', text: params.text };
    this.#of(params.run, (run) => ({ ...run, output: bounded([...run.output, piece]) }));
  }

  /** `command.exited` */
  exited(params: unknown): void {
    if (!isObject(params) || typeof params.run !== 'number') return;
    const dropped = typeof params.dropped === 'number' && params.dropped > 0 ? ` ${params.dropped} bytes of output were left out.` : '';
    const failed = params.exit !== 'code' || params.code !== 0;
    this.#of(params.run, (run) => ({ ...run, end: sentence(params) + dropped, failed }));
  }

  /** Changes a run, or begins it: it may be heard of before its start is answered. */
  #of(id: number, change: (run: Run) => Run): void {
    const old = this.runs.find((run) => run.id === id);
    const changed = change(old ?? { id, label: '', output: [], end: undefined, failed: false });
    this.runs = old ? this.runs.map((run) => (run === old ? changed : run)) : [changed, ...this.runs].slice(0, MAX_RUNS);
  }
}

function bounded(output: readonly { error: boolean; text: string }[]): readonly { error: boolean; text: string }[] {
  let size = output.reduce((sum, { text }) => sum + text.length, 0);
  let from = 0;
  for (; size > MAX_OUTPUT && from < output.length - 1; from++) size -= output[from]?.text.length ?? 0;
  return output.slice(from);
}

function sentence(exit: Record<string, unknown>): string {
  switch (exit.exit) {
    case 'code':
      return exit.code === 0 ? 'Done.' : `Failed with status ${Number(exit.code)}.`;
    case 'signal':
      return `Ended by signal ${Number(exit.signal)}.`;
    case 'timed-out':
      return 'It took too long and was ended.';
    case 'stopped':
      return 'Stopped.';
    default:
      return 'Ended.';
  }
}

function readCommand(value: unknown): Command | undefined {
  if (!isObject(value) || typeof value.name !== 'string') return undefined;
  const text = (of: unknown, otherwise: string): string => (typeof of === 'string' && of !== '' ? of : otherwise);
  const args = Array.isArray(value.args) ? value.args.map(readArgument).filter((argument) => argument !== undefined) : [];
  return { name: value.name, label: text(value.label, value.name), description: text(value.description, ''), args };
}

function readArgument(value: unknown): Argument | undefined {
  if (!isObject(value) || typeof value.name !== 'string') return undefined;
  const choices = Array.isArray(value.choices) ? value.choices.filter((choice) => typeof choice === 'string') : [];
  return { name: value.name, choices };
}
