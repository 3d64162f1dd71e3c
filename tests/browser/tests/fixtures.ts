/** What most tests need: one browser for all, and things that end with the test. */

import { test as base, type Browser } from '@playwright/test';
import { launch } from '../src/chromium';
import { Device, Server, type Settings } from '../src/daemon';
import { Network, type Shape } from '../src/network';
import { Viewer } from '../src/viewer';

/** Starts things, and ends them after the test, the last first. */
export interface Stage {
  device(settings?: Settings): Promise<Device>;
  server(settings?: Settings): Promise<Server>;
  network(name: string, forth?: Shape, back?: Shape): Promise<Network>;
  chromium(namespace: string): Promise<Browser>;
  /** A page of its own profile, in the shared browser or in `browser`. */
  viewer(browser?: Browser): Promise<Viewer>;
  /** Something else that must end. */
  ends<T extends { end(): Promise<unknown> }>(thing: T): T;
}

export const test = base.extend<{ stage: Stage }, { chromium: Browser }>({
  chromium: [
    // eslint-disable-next-line no-empty-pattern -- Playwright reads the fixtures' names from the pattern.
    async ({}, use) => {
      const browser = await launch();
      await use(browser);
      await browser.close();
    },
    { scope: 'worker', timeout: 60_000 },
  ],

  stage: async ({ chromium }, use, info) => {
    const endings: (() => Promise<unknown>)[] = [];
    const daemons: (Device | Server)[] = [];
    const viewers: Viewer[] = [];
    const ends = <T>(thing: T, end: (thing: T) => Promise<unknown>): T => {
      endings.unshift(() => end(thing));
      return thing;
    };
    await use({
      device: async (settings) => {
        const device = ends(await Device.start(settings), (device) => device.end());
        daemons.push(device);
        return device;
      },
      server: async (settings) => {
        const server = ends(await Server.start(settings), (server) => server.end());
        daemons.push(server);
        return server;
      },
      network: async (name, forth, back) => ends(await Network.up(name, forth, back), (network) => network.down()),
      chromium: async (namespace) => ends(await launch(namespace), (browser) => browser.close()),
      viewer: async (browser = chromium) => {
        const viewer = ends(await Viewer.arrive(browser), (viewer) => viewer.leave());
        viewers.push(viewer);
        return viewer;
      },
      ends: (thing) => ends(thing, (thing) => thing.end()),
    });
    if (info.status !== info.expectedStatus) {
      for (const [n, daemon] of daemons.entries()) tell(`${daemon.constructor.name} ${n + 1}`, daemon.child.said());
      for (const [n, viewer] of viewers.entries()) tell(`viewer ${n + 1}`, await viewer.story().catch(() => 'has left'));
    }
    const failures: unknown[] = [];
    for (const end of endings) await end().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw new AggregateError(failures, `not everything ended as it should: ${failures.join('; ')}`);
  },
});

/** Beside the runner's own report, so that it stands in the log of a run that nobody saw. */
function tell(who: string, story: string): void {
  process.stderr.write(`── what ${who} said\n${story}\n`);
}

export { expect } from '@playwright/test';
