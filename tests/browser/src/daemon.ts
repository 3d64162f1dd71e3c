/** The real executable: `watchword run` and `watchword serve`, each with a state folder and a configuration of its own. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child, run, type Ended } from './child';
import { inside } from './network';
import { WATCHWORD } from './paths';
import { freeTcpPort, freeUdpPort } from './ports';

/** Sections of the configuration file; they are written as they are. */
export type Config = Record<string, Record<string, string | number | boolean | readonly string[]>>;

export interface Settings {
  config?: Config;
  /** More of the configuration, as text. */
  more?: string;
  namespace?: string;
  /** Address that the server listens at. */
  address?: string;
  log?: string;
}

/** A picture that every test machine encodes with ease; figures are taken at 1280x720. */
export const SMALL: Config = {
  video: { source: 'test', width: 640, height: 360, fps: 30, bitrate: 800_000, linger: 0.5 },
  audio: { source: 'test' },
};

/** What `run` and `serve` share: one process that can be stopped, killed and started again on the same state. */
class Daemon {
  readonly directory: string;
  readonly port: number;
  readonly settings: Settings;
  readonly #command: 'run' | 'serve';
  #child: Child | undefined;

  protected constructor(command: 'run' | 'serve', directory: string, port: number, settings: Settings) {
    this.#command = command;
    this.directory = directory;
    this.port = port;
    this.settings = settings;
  }

  get host(): string {
    return this.settings.address ?? '127.0.0.1';
  }

  get child(): Child {
    if (!this.#child) throw new Error('it has not been started');
    return this.#child;
  }

  get pid(): number {
    return this.child.pid;
  }

  /** Everything that it logged. */
  get log(): readonly string[] {
    return this.child.err;
  }

  async start(): Promise<void> {
    this.#child = new Child(this.command(this.#command), { env: this.environment });
    await this.#child.line(this.#command === 'run' ? / (?:is ready to be watched|runs) \(/ : /serves at/);
  }

  async stop(): Promise<Ended> {
    return await this.child.stop();
  }

  async kill(): Promise<void> {
    await this.child.kill();
  }

  async end(): Promise<void> {
    try {
      if (this.#child?.running === true) await this.#child.stop();
    } finally {
      await rm(this.directory, { recursive: true, force: true });
    }
  }

  /** A command of the executable with this configuration, in this namespace. */
  command(...options: string[]): [string, ...string[]] {
    const log = this.settings.log === undefined ? [] : ['--log', this.settings.log];
    const config = join(this.directory, 'config.toml');
    return inside(this.settings.namespace, [WATCHWORD, '--config', config, ...log, ...options]);
  }

  get environment(): NodeJS.ProcessEnv {
    return daemonEnvironment(this.directory);
  }
}

export class Device extends Daemon {
  /** The secret word. It stays the same when the device is started again. */
  word = '';

  /** A device with its own server, or with one elsewhere where `config.rendezvous` names it; already running, with a word. */
  static async start(settings: Settings = {}): Promise<Device> {
    const device = await Device.prepare(settings);
    device.word = await device.addWord('test');
    await device.start();
    return device;
  }

  /** Not started yet, without a word. */
  static async prepare(settings: Settings = {}): Promise<Device> {
    const [directory, port, config] = await place(settings);
    await writeFile(join(directory, 'config.toml'), `${toml({ ...SMALL, ...config })}\n${settings.more ?? ''}`);
    return new Device('run', directory, port, settings);
  }

  /** `terms`: options such as `--allow`, `watch,files`. */
  async addWord(label: string, ...terms: string[]): Promise<string> {
    const said = await this.owner('word', 'add', '--label', label, ...terms);
    const word = said.map((line) => /^ *Word +(\S+)$/.exec(line)?.[1]).find((found) => found !== undefined);
    if (word === undefined) throw new Error(`watchword word add shows no word:\n${said.join('\n')}`);
    return word;
  }

  /** Runs a command of the owner's; what it said on standard output. */
  async owner(...command: string[]): Promise<string[]> {
    const { code, child } = await run(this.command(...command), this.environment);
    if (code !== 0) throw new Error(`watchword ${command.join(' ')} failed:\n${child.said()}`);
    return child.out;
  }

  /** Resolves when its word can be knocked at. */
  override async start(): Promise<void> {
    await super.start();
    await this.child.line(/registered at the place/, { stream: this.child.err });
  }

  get url(): string {
    return `https://${this.host}:${this.port}/`;
  }

  get link(): string {
    return `${this.url}#${this.word}`;
  }

  get place(): string {
    return this.word.split('-', 1)[0] ?? '';
  }
}

export class Server extends Daemon {
  /** SHA-256 of its certificate. */
  fingerprint = '';

  static async start(settings: Settings = {}): Promise<Server> {
    const [directory, port, config] = await place(settings);
    await writeFile(join(directory, 'config.toml'), toml(config));
    const server = new Server('serve', directory, port, settings);
    await server.start();
    const [, fingerprint] = await server.child.line(/fingerprint = "([0-9A-Fa-f:]+)"/);
    server.fingerprint = fingerprint ?? '';
    return server;
  }

  get url(): string {
    return `https://${this.host}:${this.port}/`;
  }

  /** The section by which a device finds it, directly or (`port`) through a proxy that shows its certificate. */
  rendezvous(port = this.port): Config {
    return { rendezvous: { url: `wss://${this.host}:${port}/ws`, fingerprint: this.fingerprint } };
  }
}

/** A folder, a free port, and the configuration with both. */
async function place(settings: Settings): Promise<[string, number, Config]> {
  const directory = await mkdtemp(join(tmpdir(), 'watchword-test-'));
  const [port, stun, host] = [await freeTcpPort(), await freeUdpPort(), settings.address ?? '127.0.0.1'];
  const { server, ...rest } = settings.config ?? {};
  return [directory, port, { server: { listen: `${host}:${port}`, stun: `${host}:${stun}`, ...server }, ...rest }];
}

export function daemonEnvironment(directory: string): NodeJS.ProcessEnv {
  // Whatever started the tests may be a service: the daemon must not take itself for one.
  return { ...process.env, JOURNAL_STREAM: undefined, NOTIFY_SOCKET: undefined, STATE_DIRECTORY: directory, HOME: directory };
}

export function toml(config: Config): string {
  const tables = Object.entries(config).map(([name, section]) => {
    const lines = Object.entries(section).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
    return [`[${name}]`, ...lines, ''].join('\n');
  });
  return tables.join('\n');
}
