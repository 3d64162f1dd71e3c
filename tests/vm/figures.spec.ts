/**
 * Not a test: figures of the package on an emulated board, for tests/bench. They are figures of the emulation, good for
 * comparing one build with another on the same machine.
 */

import { sleep, until } from '../browser/src/child';
import { ROOT } from '../browser/src/paths';
import { test } from '../browser/src/playwright';
import { figure, RUNS, write } from '../bench/figures';
import { ARCHITECTURE, inGuest } from './guest';
import { packageIsInstalled } from './steps/installed';
import { property, story, tell, type Stage } from './steps/stage';

const MEGABYTE = 1e6;
/** What is done once at a start, or at the start of a session, is over by then. */
const SETTLE = 5_000;

test.describe.configure({ mode: 'serial' });

story((stage) => {
  packageIsInstalled(stage);

  test('starts and memory', async () => {
    test.setTimeout(600_000);
    const [starts, idle, watched]: [number[], number[], number[]] = [[], [], []];
    for (let run = 0; run < RUNS; run++) {
      starts.push(await coldStart());
      await sleep(SETTLE);
      idle.push(await resident());
      watched.push(await withViewer(stage));
    }
    const figures = [
      figure(`${ARCHITECTURE}_cold_start_ms`, 'ms', starts),
      figure(`${ARCHITECTURE}_rss_mb_0_viewers`, 'MB', idle),
      figure(`${ARCHITECTURE}_rss_mb_1_viewers`, 'MB', watched),
    ];
    write(`${ROOT}target/bench/${ARCHITECTURE}.jsonl`, figures);
    for (const { name, median, p95, unit } of figures) tell(`${name}: ${median} / ${p95} ${unit}`);
  });
});

/** Milliseconds from the process's start to its word being registered, with nothing of it in the page cache. */
async function coldStart(): Promise<number> {
  await inGuest('systemctl stop watchword; sync; echo 3 > /proc/sys/vm/drop_caches; systemctl start watchword', 60_000);
  const start = Number(await property('ExecMainStartTimestampMonotonic'));
  const journal = `journalctl _SYSTEMD_INVOCATION_ID=${await property('InvocationID')} --no-pager --output json`;
  const registered = await until('its word is registered', async () => {
    const line = await inGuest(`${journal} | grep 'registered at the place' | head -n 1`);
    return line !== '' && (JSON.parse(line) as { __MONOTONIC_TIMESTAMP: string });
  }, { within: 30_000, every: 1_000 });
  return (Number(registered.__MONOTONIC_TIMESTAMP) - start) / 1_000;
}

async function withViewer(stage: Stage): Promise<number> {
  const viewer = await stage.arrive();
  await sleep(SETTLE);
  const memory = await resident();
  await viewer.leave();
  return memory;
}

/** MB of the service's process. */
async function resident(): Promise<number> {
  const kilobytes = await inGuest(`sed -n 's/^VmRSS:\\s*\\([0-9]*\\) kB/\\1/p' /proc/${await property('MainPID')}/status`);
  return (Number(kilobytes) * 1024) / MEGABYTE;
}
