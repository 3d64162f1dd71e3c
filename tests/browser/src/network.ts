/** A bad network: two namespaces joined by `watchword-netem`. */

import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from './child';
import { NETEM } from './paths';

/** One direction; what is absent is a perfect wire. */
export interface Shape {
  /** Percent. */
  loss?: number;
  delay_ms?: number;
  rate_kbps?: number;
  queue_ms?: number;
  seed?: number;
}

interface End {
  namespace: string;
  address: string;
}

export class Network {
  readonly a: End;
  readonly b: End;
  readonly #child: Child;
  readonly #directory: string;

  private constructor(child: Child, directory: string, a: End, b: End) {
    this.#child = child;
    this.#directory = directory;
    this.a = a;
    this.b = b;
  }

  static async up(name: string, forth: Shape = {}, back: Shape = forth): Promise<Network> {
    const directory = await mkdtemp(join(tmpdir(), 'watchword-network-'));
    const file = join(directory, 'network.toml');
    await writeFile(file, toml(forth, back));
    const child = new Child(['chrt', '-f', '50', NETEM, 'run', name, '--file', file]);
    const [, line] = await child.line(/^(\{"event":"ready".*)$/);
    const ready = JSON.parse(line ?? '') as { a: End; b: End };
    return new Network(child, directory, ready.a, ready.b);
  }

  /** Changes both directions; resolves when the change holds. */
  async shape(forth: Shape, back: Shape = forth): Promise<void> {
    const [next, from] = [join(this.#directory, 'next'), this.#child.out.length];
    await writeFile(next, toml(forth, back));
    await rename(next, join(this.#directory, 'network.toml'));
    await this.#child.line(/"event":"applied"/, { from, within: 2_000 });
  }

  /** Nothing comes through any more, either way. */
  async cut(): Promise<void> {
    // The seed makes each cut a change of the file, also where two follow each other.
    await this.shape({ loss: 100, seed: Date.now() % 1e9 });
  }

  async down(): Promise<void> {
    await this.#child.stop();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

function toml(forth: Shape, back: Shape): string {
  const table = (name: string, shape: Shape): string =>
    [`[${name}]`, ...Object.entries(shape).map(([key, value]) => `${key} = ${value as number}`)].join('\n');
  return `${table('a_to_b', forth)}\n${table('b_to_a', back)}\n`;
}

/** The command, run in the namespace where there is one. */
export function inside(namespace: string | undefined, command: readonly [string, ...string[]]): [string, ...string[]] {
  return namespace === undefined ? [...command] : ['ip', 'netns', 'exec', namespace, ...command];
}
