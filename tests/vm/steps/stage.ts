/** What the steps of a story have in common, and what is said when one of them fails. */

import { launch } from '../../browser/src/chromium';
import { until } from '../../browser/src/child';
import { Desk } from '../../browser/src/files';
import { expect, test, type Browser } from '../../browser/src/playwright';
import { Viewer } from '../../browser/src/viewer';
import { BARS, shown } from '../bars';
import { ADDRESS, inGuest, NAMESPACE } from '../guest';

/** Where the page is, from outside. */
export const PAGE = `https://${ADDRESS}:8443/`;
/** What the word of the story allows. */
export const RIGHTS = 'watch,listen,chat,files,upload,manage';

/** What the device says of a track. */
type TrackState = { state: string } | undefined;

export class Stage {
  #browser: Browser | undefined;
  #viewer: Viewer | undefined;
  #desk: Desk | undefined;
  #word: string | undefined;

  async begin(): Promise<void> {
    this.#browser = await launch(NAMESPACE);
    this.#desk = await Desk.make();
  }

  async end(): Promise<void> {
    await this.#browser?.close();
    await this.#desk?.end();
  }

  /** The secret word; a step has made it. */
  get word(): string {
    return there(this.#word, 'word');
  }

  set word(word: string) {
    this.#word = word;
  }

  /** The page in Chromium; a step has opened it. */
  get viewer(): Viewer {
    return there(this.#viewer, 'viewer');
  }

  /** A folder out here for files. */
  get desk(): Desk {
    return there(this.#desk, 'desk');
  }

  /** Follows the link with the word, and is live. */
  async arrive(): Promise<Viewer> {
    this.#viewer = await Viewer.live(there(this.#browser, 'browser'), `${PAGE}#${this.word}`, 40_000);
    return this.#viewer;
  }

  /** The camera's bars are on the screen, and the picture moves. */
  async showsTheCamera(): Promise<void> {
    await expect.poll(async () => (await shown(this.viewer)).bars, 'colours on the screen').toBe(BARS);
    const sums = new Set<number>();
    await until('the picture changes', async () => sums.add((await shown(this.viewer)).sum).size >= 5, { within: 15_000 });
  }

  /** Peer connections that the page has had. */
  async connections(): Promise<number> {
    return await this.viewer.page.evaluate(() => window.tap.connections.length);
  }

  /** What the device last said of a track. */
  async stateOf(track: 'video' | 'audio'): Promise<TrackState> {
    const heard = await this.viewer.page.evaluate(() => window.tap.heard['media.state']);
    return (heard as Record<string, TrackState> | undefined)?.[track];
  }

  /** For a failure's message: what the page went through, and what came to it. */
  async report(): Promise<string> {
    const viewer = this.#viewer;
    if (!viewer || viewer.page.isClosed()) return 'no page is open';
    const figures = { video: await viewer.received('video'), audio: await viewer.received('audio') };
    const media = { video: await this.stateOf('video'), audio: await this.stateOf('audio') };
    return `${await viewer.story()}\n${JSON.stringify({ ...figures, media }, null, 2)}`;
  }
}

/** Declares the steps of a story, with a stage that is there while they run. */
export function story(steps: (stage: Stage) => void): void {
  const stage = new Stage();
  test.beforeAll(() => stage.begin());
  test.afterAll(() => stage.end());
  test.afterEach(async () => {
    const { status, expectedStatus } = test.info();
    if (status !== expectedStatus) tell(await stage.report().catch(String));
  });
  steps(stage);
}

/** A property of the device's unit, as systemd knows it. */
export async function property(name: string, unit = 'watchword'): Promise<string> {
  return (await inGuest(`systemctl show --value --property ${name} ${unit}`)).trim();
}

export function since(from: number): number {
  return Math.round(performance.now() - from);
}

/** A figure for the person who reads the output. */
export function tell(sentence: string): void {
  process.stdout.write(`    ${sentence}\n`);
}

function there<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`no step has made the ${name} yet`);
  return value;
}
