/** The page as a person has it: states, sentences, the word, chat; and beneath it what the browser measures. */

import { expect, type Browser, type BrowserContext, type Locator, type Page } from '@playwright/test';
import { until } from './child';
import { tapPage } from './tap';
import { readTimeCode } from './time-code';

export type State = 'idle' | 'looking' | 'checking' | 'connecting' | 'live' | 'away' | 'refused' | 'lost';

/** `device.stats`, as far as the tests read it. */
export interface DeviceStats {
  viewers: number;
  encoders: number;
  encoder: string;
  width: number;
  height: number;
  fps: number;
  bitrate: number;
  cpu_cores: number;
  rss: number;
}

/** What the browser counts of one stream; absent until the first packet. */
export interface Received {
  framesDecoded: number;
  framesPerSecond: number;
  freezeCount: number;
  totalFreezesDuration: number;
  packetsLost: number;
  packetsReceived: number;
  retransmittedPacketsReceived: number;
  totalAudioEnergy: number;
  concealedSamples: number;
}

export class Viewer {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Addresses of everything that the page asked for, workers and WebSockets included. */
  readonly requests: string[] = [];
  /** Signaling messages that the page sent. */
  readonly sent: { type: string }[] = [];
  /** What the page wrote to its console as an error, and what it threw. */
  readonly complaints: string[] = [];

  private constructor(context: BrowserContext, page: Page) {
    this.context = context;
    this.page = page;
    context.on('request', (request) => this.requests.push(request.url()));
    page.on('websocket', (socket) => {
      this.requests.push(socket.url());
      socket.on('framesent', ({ payload }) => this.sent.push(JSON.parse(payload.toString()) as { type: string }));
    });
    page.on('pageerror', (error) => this.complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(message.text());
    });
  }

  /** A browser profile of its own with one page, not on its way yet. */
  static async arrive(browser: Browser, size = { width: 1280, height: 800 }): Promise<Viewer> {
    const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: size });
    // What sends functions to the page as text may have put calls of this name into them.
    await context.addInitScript('globalThis.__name ??= (value) => value');
    await context.addInitScript(tapPage);
    return new Viewer(context, await context.newPage());
  }

  /** The same, opened by a link that carries the word, and live. */
  static async live(browser: Browser, link: string, within = 15_000): Promise<Viewer> {
    const viewer = await Viewer.arrive(browser);
    await viewer.open(link);
    await viewer.becomes('live', within);
    return viewer;
  }

  async open(link: string): Promise<void> {
    await this.page.goto(link, { waitUntil: 'commit' });
  }

  async type(word: string): Promise<void> {
    await this.page.locator('input[name=word]').fill(word);
    await this.page.locator('button[type=submit]').first().click();
  }

  get app(): Locator {
    return this.page.locator('watchword-app');
  }

  get status(): Locator {
    return this.page.locator('[role=status]').first();
  }

  async state(): Promise<State> {
    return ((await this.app.getAttribute('state', { timeout: 5_000 })) ?? 'idle') as State;
  }

  async becomes(state: State, within = 10_000): Promise<void> {
    await expect(this.app, `the page becomes ${state}`).toHaveAttribute('state', state, { timeout: within });
  }

  /** Throws when the page is `state` at any moment of the next `during` milliseconds. */
  async staysOut(state: State, during: number): Promise<void> {
    const from = await this.page.evaluate(() => window.tap.states.length);
    expect(await this.state(), `at the start of ${during} ms without ${state}`).not.toBe(state);
    await this.page.waitForTimeout(during);
    const seen = await this.page.evaluate((from) => window.tap.states.slice(from), from);
    expect(seen.map(([name]) => name)).not.toContain(state);
  }

  async ask<T>(method: string, params: unknown = {}): Promise<T> {
    return (await this.page.evaluate(([method, params]) => window.tap.ask(method, params), [method, params] as const)) as T;
  }

  async deviceStats(): Promise<DeviceStats> {
    return await this.ask<DeviceStats>('device.stats');
  }

  /** What the newest peer connection has received of `kind`. */
  async received(kind: 'video' | 'audio'): Promise<Received | undefined> {
    return await this.page.evaluate(async (kind) => {
      const report = await window.tap.connections.at(-1)?.getStats();
      let found: Received | undefined;
      report?.forEach((entry: { type: string; kind?: string }) => {
        if (entry.type === 'inbound-rtp' && entry.kind === kind) found = entry as unknown as Received;
      });
      return found;
    }, kind);
  }

  async framesDecoded(): Promise<number> {
    return (await this.received('video'))?.framesDecoded ?? 0;
  }

  /** Frames a second that are decoded, over `during` milliseconds of the page's own clock. */
  async frameRate(during = 3_000): Promise<number> {
    const read = async (): Promise<[number, number]> => [await this.framesDecoded(), await this.page.evaluate(() => performance.now())];
    const [frames, time] = await read();
    await this.page.waitForTimeout(during);
    const [laterFrames, laterTime] = await read();
    return ((laterFrames - frames) * 1_000) / (laterTime - time);
  }

  /** Waits until frames are being decoded, counted from now. */
  async pictureMoves(within = 5_000): Promise<void> {
    const before = await this.framesDecoded();
    await until('the picture moves', async () => (await this.framesDecoded()) > before + 2, { within });
  }

  /** The time of capture that the picture on the screen carries, milliseconds since the epoch. */
  async timeCode(): Promise<number | undefined> {
    return await this.page.locator('video').first().evaluate(readTimeCode);
  }

  /** What the page went through, for the message of a failure. */
  async story(): Promise<string> {
    const marks = await this.page.evaluate(() => [
      ...window.tap.marks,
      ...window.tap.states.map(([name, time]): [string, number] => [`page ${name}`, time]),
    ]);
    const told = marks.toSorted((a, b) => a[1] - b[1]).map(([name, time]) => `${new Date(time).toISOString().slice(14, 23)} ${name}`);
    return [...told, ...this.complaints].join('\n');
  }

  async leave(): Promise<void> {
    await this.context.close();
  }
}
