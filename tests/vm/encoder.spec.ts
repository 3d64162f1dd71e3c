/**
 * The encoder in a board's chip, here a virtual one with the shape of a Raspberry Pi's (modules/): found, told what to
 * do, seen in Chromium, and then broken while it runs, in the two ways that such encoders break.
 */

import { until } from '../browser/src/child';
import { expect, test } from '../browser/src/playwright';
import { inGuest } from './guest';
import { since, story, tell, type Stage } from './steps/stage';

test.describe.configure({ mode: 'serial' });

story((stage) => {
  test('the chip’s encoder is taken, and its picture is seen', async () => {
    await starts(stage);
    await stage.arrive();
    await stage.showsTheCamera();
    expect((await stage.viewer.deviceStats()).encoder).toBe('v4l2h264enc');
    const [before, start] = [await parameter('frames_total'), performance.now()];
    await until('100 more frames', async () => (await parameter('frames_total')) >= before + 100, { within: 40_000 });
    tell(`${(100_000 / since(start)).toFixed(1)} frames a second`);
  });

  test('it is told the bitrate of the configuration', async () => {
    expect(await parameter('last_bitrate')).toBe(500_000);
  });

  test('a newcomer has it make a key frame', async () => {
    const before = await parameter('keys_total');
    await stage.viewer.page.reload();
    await stage.viewer.becomes('live', 40_000);
    await stage.showsTheCamera();
    expect(await parameter('keys_total')).toBeGreaterThan(before);
  });

  test('when it fails, the processor takes over, and the picture goes on in the same session', async () => {
    await breaksDown(stage, 'fail_after', 1);
  });

  test('so it does when the encoder falls silent', async () => {
    await stage.viewer.leave();
    await starts(stage);
    await stage.arrive();
    expect((await stage.viewer.deviceStats()).encoder).toBe('v4l2h264enc');
    await stage.showsTheCamera();
    await breaksDown(stage, 'stall_after', 2);
  });

  test('it is left alone for a while', async () => {
    await stage.viewer.leave();
    await expect.poll(async () => await inGuest('fuser /dev/video0 2>/dev/null || true'), { timeout: 20_000 }).toBe('');
    await stage.arrive();
    await stage.showsTheCamera();
    expect((await stage.viewer.deviceStats()).encoder).toBe('x264enc');
  });
});

/** The daemon, anew, with a word that ends with it. */
async function starts(stage: Stage): Promise<void> {
  const printed = await inGuest('start-watchword', 60_000);
  stage.word = /Word\s+(\S+)/.exec(printed)?.[1] ?? '';
  expect(stage.word, `the word on the executable’s screen:\n${printed}`).not.toBe('');
}

/** Sets a parameter of the encoder's that breaks it at once, the `count`th time in this machine, and looks at what the viewer has of that. */
async function breaksDown(stage: Stage, how: 'fail_after' | 'stall_after', count: number): Promise<void> {
  const [from, connections] = [performance.now(), await stage.connections()];
  const before = await stage.viewer.framesDecoded();
  const encoded = Number((await inGuest(`echo 1 > ${PARAMETERS}/${how}; cat ${PARAMETERS}/frames_total`)).trim());
  await expect.poll(async () => (await stage.viewer.deviceStats()).encoder, 'the encoder').toBe('x264enc');
  tell(`x264enc after ${since(from)} ms`);
  await until('the picture goes on', async () => (await stage.viewer.framesDecoded()) > before + 30, { within: 20_000 });
  await stage.showsTheCamera();
  expect(await stage.stateOf('video')).toEqual({ state: 'live' });
  expect(await stage.connections(), 'peer connections').toBe(connections);
  const journal = await inGuest('journalctl --no-pager -o cat -u watchword');
  const warnings = journal.split('\n').filter((line) => line.includes('v4l2h264enc does not work here'));
  expect(warnings.length, `one warning each time:\n${warnings.join('\n')}`).toBe(count);
  expect(warnings.at(-1)).toContain('x264enc takes over');
  expect(await parameter('frames_total'), 'it is asked for no more').toBeLessThanOrEqual(encoded + 2);
  tell(warnings.at(-1) ?? '');
  await inGuest(`echo 0 > ${PARAMETERS}/${how}`);
}

const PARAMETERS = '/sys/module/fake_h264_enc/parameters';

async function parameter(name: string): Promise<number> {
  return Number((await inGuest(`cat ${PARAMETERS}/${name}`)).trim());
}
