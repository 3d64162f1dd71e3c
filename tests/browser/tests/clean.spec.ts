/** Sessions that are over leave nothing behind. */

import { until } from '../src/child';
import type { Device } from '../src/daemon';
import { threadNames, use, type Use } from '../src/observe';
import { Viewer } from '../src/viewer';
import { expect, test } from './fixtures';

const SESSIONS = 200;
/**
 * What a process needs once (pools, caches, the encoder's tables) is there after these. They come some at a time: one that
 * leaves before its control channel is open is found dead only after seconds, so later ones overlap now and then.
 */
const WARM = 20;
const AT_ONCE = 4;
/** How many of the others come and go beside each other. */
const LANES = 2;
/** A viewer that vanished is found within this time, also one whose control channel never opened; milliseconds. */
const DEAD_WITHIN = 10_000;

test('200 sessions joined and left: threads, sockets and descriptors as before, memory within 5 %', async ({ stage, chromium }) => {
  test.setTimeout(900_000);
  const video = { source: 'test', width: 320, height: 180, fps: 30, bitrate: 300_000, linger: 0 };
  const device = await stage.device({ config: { video } });
  const fresh = await settled(device);
  for (let n = 0; n < WARM; n += AT_ONCE) {
    const viewers = await Promise.all(Array.from({ length: AT_ONCE }, () => Viewer.live(chromium, device.link)));
    await Promise.all(viewers.map(seesPicture));
    await Promise.all(viewers.map((viewer) => viewer.leave()));
  }
  const warm = await settled(device);
  let n = WARM;
  const comeAndGo = async (): Promise<void> => {
    while (n < SESSIONS) {
      const number = ++n;
      const viewer = await Viewer.live(chromium, device.link);
      // Two of three see the picture; the third leaves as soon as it is in.
      if (number % 3 !== 0) await seesPicture(viewer);
      await viewer.leave();
      if (number % 20 === 0) console.log(`after ${number}: ${show(use(device.pid))}`);
    }
  };
  await Promise.all(Array.from({ length: LANES }, comeAndGo));
  const after = await settled(device);
  console.log(`fresh ${show(fresh)}; after ${WARM} ${show(warm)}; after ${SESSIONS} ${show(after)}`);
  expect(after.threads, threadNames(device.pid).join(' ')).toBeLessThanOrEqual(warm.threads);
  expect(after.sockets).toBeLessThanOrEqual(fresh.sockets);
  expect(after.descriptors).toBeLessThanOrEqual(warm.descriptors);
  expect(after.rss, 'resident bytes').toBeLessThan(warm.rss * 1.05);
  // The device still does its work.
  const viewer = await stage.viewer();
  await viewer.open(device.link);
  await viewer.becomes('live');
  expect(await viewer.deviceStats()).toMatchObject({ viewers: 1, encoders: 1 });
});

async function seesPicture(viewer: Viewer): Promise<void> {
  await until('a frame is decoded', async () => (await viewer.framesDecoded()) > 0, { every: 20 });
}

/** What is used when the last session is gone, and sockets and threads do not fall any more for a second. */
async function settled({ pid, log }: Device): Promise<Use> {
  const count = (what: RegExp): number => log.filter((line) => what.test(line)).length;
  const nobody = (): boolean => count(/session \S+ begins/) === count(/session \S+ ended/);
  await until('every viewer that left was noticed', nobody, { within: DEAD_WITHIN, every: 100 });
  let last = use(pid);
  let since = Date.now();
  return await until(
    'the device comes to rest',
    () => {
      const now = use(pid);
      if (now.threads !== last.threads || now.sockets !== last.sockets || now.descriptors !== last.descriptors) {
        [last, since] = [now, Date.now()];
      }
      return Date.now() - since > 1_500 && now;
    },
    { within: 30_000, every: 100 },
  );
}

function show(use: Use): string {
  return `${(use.rss / 1e6).toFixed(1)} MB, ${use.threads} threads, ${use.descriptors} descriptors, ${use.sockets} sockets`;
}
