/** Nobody ever reloads the page: devices, servers and networks go and come back, and so does the picture. */

import { sleep, until } from '../src/child';
import type { Viewer } from '../src/viewer';
import { expect, test } from './fixtures';

/** A device's address in the bad networks. */
const FAR = '10.77.0.1';
/** What a viewer may wait for the picture once everything is there again. */
const WITHIN = 5_000;

test('device stopped while the page waits, then started: live by itself', async ({ stage }) => {
  const server = await stage.server();
  const device = await stage.device({ config: server.rendezvous() });
  await device.stop();
  const viewer = await stage.viewer();
  await viewer.open(`${server.url}#${device.word}`);
  await viewer.becomes('away');
  await expect(viewer.status).not.toBeEmpty();
  await device.start();
  await viewer.becomes('live', WITHIN);
  await viewer.pictureMoves();
});

test('device stopped in the middle of a session says so, and is back when it is back', async ({ stage }) => {
  const server = await stage.server();
  const device = await stage.device({ config: server.rendezvous() });
  const viewer = await stage.viewer();
  await viewer.open(`${server.url}#${device.word}`);
  await viewer.becomes('live');
  const stopped = await device.stop();
  expect(stopped).toEqual({ code: 0, signal: null });
  await viewer.becomes('away', 3_000);
  await device.start();
  await viewer.becomes('live', WITHIN);
  await viewer.pictureMoves();
});

test('server restarted in the middle of a session: the picture goes on, and a new viewer gets in within 5 s', async ({ stage }) => {
  const server = await stage.server();
  const device = await stage.device({ config: server.rendezvous() });
  const viewer = await stage.viewer();
  await viewer.open(`${server.url}#${device.word}`);
  await viewer.becomes('live');
  await server.stop();
  await viewer.pictureMoves();
  await viewer.page.waitForTimeout(3_000);
  await viewer.pictureMoves();
  expect(await viewer.state()).toBe('live');
  await server.start();
  const back = Date.now();
  const newcomer = await stage.viewer();
  await newcomer.open(`${server.url}#${device.word}`);
  await newcomer.becomes('live', WITHIN);
  expect(Date.now() - back).toBeLessThan(WITHIN);
  expect(await viewer.state()).toBe('live');
  const states = await viewer.page.evaluate(() => window.tap.states.map(([state]) => state));
  expect(states.at(-1), 'the first viewer was never interrupted').toBe('live');
  expect(states.filter((state) => state === 'live')).toHaveLength(1);
});

/**
 * Each page counts as one trial: five pages in profiles of their own share one cut, four times over. That every page of a
 * round comes back is as hard as twenty cuts one after the other (all knock at once), and takes a fifth of the time.
 */
const PAGES = 5;
const ROUNDS = 4;
/** Five decoders and an encoder share two cores with everything else. */
const TINY = { video: { source: 'test', width: 320, height: 180, fps: 15, bitrate: 200_000, linger: 0.5 } };

test('the network cut for 10 s: live again within 5 s of its return, 20 of 20', async ({ stage }) => {
  test.setTimeout(300_000);
  const network = await stage.network('ww-e2e-cut', { delay_ms: 5 });
  const device = await stage.device({ namespace: network.a.namespace, address: FAR, config: TINY });
  const browser = await stage.chromium(network.b.namespace);
  const viewers = await arriveTogether(() => stage.viewer(browser), device.link);
  const took: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await network.cut();
    const begun = Date.now();
    await allNotice(viewers);
    await sleep(10_000 - (Date.now() - begun));
    await network.shape({ delay_ms: 5 });
    took.push(...(await backAgain(viewers)));
  }
  report('network cut for 10 s', took);
});

test('the device killed and started again: live again within 5 s of its return, 20 of 20', async ({ stage }) => {
  test.setTimeout(300_000);
  const device = await stage.device({ config: TINY });
  const viewers = await arriveTogether(() => stage.viewer(), device.link);
  const took: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await device.kill();
    await allNotice(viewers);
    await sleep(2_000);
    await device.start();
    took.push(...(await backAgain(viewers)));
  }
  report('device killed', took);
});

test('a picture that stands still while all else lives is fetched anew', async ({ stage }) => {
  const device = await stage.device();
  const viewer = await stage.viewer();
  await viewer.open(device.link);
  await viewer.becomes('live');
  await viewer.pictureMoves();
  // Stopped, the process answers nothing at all; continued, it finds its sessions as they were.
  device.child.signal('SIGSTOP');
  await viewer.becomes('lost', 8_000);
  device.child.signal('SIGCONT');
  await viewer.becomes('live', WITHIN);
  await viewer.pictureMoves();
});

test('SIGTERM and Ctrl-C end a device with viewers at once and in order', async ({ stage }) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const device = await stage.device();
    const viewer = await stage.viewer();
    await viewer.open(device.link);
    await viewer.becomes('live');
    const asked = Date.now();
    device.child.signal(signal);
    expect(await device.child.ended).toEqual({ code: 0, signal: null });
    expect(Date.now() - asked).toBeLessThan(3_000);
    await viewer.becomes('away', 2_000).catch(() => viewer.becomes('lost', 100));
    await viewer.leave();
  }
});

async function arriveTogether(arrive: () => Promise<Viewer>, link: string): Promise<Viewer[]> {
  const viewers: Viewer[] = [];
  for (let n = 0; n < PAGES; n++) {
    const viewer = await arrive();
    await viewer.open(link);
    await viewer.becomes('live', 15_000);
    viewers.push(viewer);
  }
  await Promise.all(viewers.map((viewer) => viewer.pictureMoves()));
  // In the middle of a session, not at its beginning.
  await sleep(3_000);
  return viewers;
}

/** Every page says itself that its picture is gone. */
async function allNotice(viewers: Viewer[]): Promise<void> {
  const noticed = async (): Promise<boolean> =>
    (await Promise.all(viewers.map((viewer) => viewer.state()))).every((state) => state !== 'live');
  await until('every page says that its picture is gone', noticed, { within: 10_000 });
}

/** How long each page took until frames were decoded again, milliseconds from now. */
async function backAgain(viewers: Viewer[]): Promise<number[]> {
  const start = Date.now();
  return await Promise.all(
    viewers.map(async (viewer) => {
      await viewer.becomes('live', WITHIN);
      await viewer.pictureMoves(WITHIN);
      return Date.now() - start;
    }),
  );
}

function report(what: string, took: number[]): void {
  const sorted = took.toSorted((a, b) => a - b);
  console.log(`${what}: ${took.length} of ${PAGES * ROUNDS} back; ms ${sorted.join(' ')}`);
  expect(took).toHaveLength(PAGES * ROUNDS);
  expect(Math.max(...took), 'the slowest, ms').toBeLessThan(WITHIN);
}
