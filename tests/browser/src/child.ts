/** A program under test: its output line by line, its end, and nothing left of it when the test ends. */

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

/** Lines kept of each stream; older ones go. */
const MOST_LINES = 20_000;

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export class Child {
  readonly out: string[] = [];
  readonly err: string[] = [];
  readonly ended: Promise<Ended>;
  readonly #process: ChildProcess;
  readonly #waiting = new Set<() => void>();
  #over: Ended | undefined;

  constructor(command: readonly [string, ...string[]], options: { env?: NodeJS.ProcessEnv; cwd?: string } = {}) {
    const [program, ...rest] = command;
    this.#process = spawn(program, rest, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    alive.add(this);
    this.#collect('stdout', this.out);
    this.#collect('stderr', this.err);
    this.ended = new Promise((resolve) => {
      this.#process.once('error', (error) => this.#end({ code: null, signal: null }, resolve, error));
      // `close`, not `exit`: the last lines have been read.
      this.#process.once('close', (code, signal) => this.#end({ code, signal }, resolve));
    });
  }

  get pid(): number {
    if (this.#process.pid === undefined) throw new Error(`it did not start: ${this.err.join('\n')}`);
    return this.#process.pid;
  }

  get running(): boolean {
    return this.#over === undefined;
  }

  /** Waits for a line of standard output (or of `stream`) that `wanted` matches; the match. Earlier lines count from `from` on. */
  async line(wanted: RegExp, { within = 20_000, stream = this.out, from = 0 } = {}): Promise<RegExpExecArray> {
    const deadline = Date.now() + within;
    for (let n = from; ;) {
      for (; n < stream.length; n++) {
        const match = wanted.exec(stream[n] ?? '');
        if (match) return match;
      }
      if (!this.running) throw new Error(`it ended before it said ${String(wanted)}:\n${this.said()}`);
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`it did not say ${String(wanted)} within ${within} ms:\n${this.said()}`);
      await this.#news(left);
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** SIGTERM, and SIGKILL to one that does not obey within `grace` milliseconds; throws for the latter. */
  async stop(grace = 10_000): Promise<Ended> {
    if (this.#over) return this.#over;
    this.signal('SIGTERM');
    const ended = await Promise.race([this.ended, sleep(grace, undefined, { ref: false })]);
    if (ended) return ended;
    this.signal('SIGKILL');
    await this.ended;
    throw new Error(`it did not end within ${grace} ms of SIGTERM:\n${this.said()}`);
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.ended;
  }

  /** The last of what it said, for the message of a failure. */
  said(): string {
    return [...this.out.slice(-60), ...this.err.slice(-60)].join('\n');
  }

  #collect(name: 'stdout' | 'stderr', lines: string[]): void {
    const stream = this.#process[name];
    if (!stream) return;
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      if (lines.length > MOST_LINES) lines.shift();
      for (const wake of this.#waiting) wake();
    });
  }

  #end(ended: Ended, resolve: (ended: Ended) => void, error?: Error): void {
    if (error) this.err.push(error.message);
    this.#over ??= ended;
    alive.delete(this);
    for (const wake of this.#waiting) wake();
    resolve(this.#over);
  }

  async #news(within: number): Promise<void> {
    const stop = new AbortController();
    const news = new Promise<void>((resolve) => {
      this.#waiting.add(resolve);
      stop.signal.addEventListener('abort', () => this.#waiting.delete(resolve), { once: true });
    });
    await Promise.race([news, sleep(within, undefined, { signal: stop.signal }).catch(() => undefined)]);
    stop.abort();
  }
}

const alive = new Set<Child>();
process.once('exit', () => {
  for (const child of alive) child.signal('SIGKILL');
});

/** Runs a program to its end. */
export async function run(command: readonly [string, ...string[]], env?: NodeJS.ProcessEnv): Promise<Ended & { child: Child }> {
  const child = new Child(command, env ? { env } : {});
  return { ...(await child.ended), child };
}

/** Waits until `check` gives something, looking again every `every` milliseconds. */
export async function until<T>(
  what: string,
  check: () => T | undefined | false | Promise<T | undefined | false>,
  { within = 10_000, every = 50 } = {},
): Promise<T> {
  const deadline = Date.now() + within;
  for (;;) {
    const found = await check();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`within ${within} ms it did not come to be that ${what}`);
    await sleep(every);
  }
}

export { once, sleep };
