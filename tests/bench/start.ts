/** From the click on a link to the first frame, and where the time between goes. */

import type { Browser } from '../browser/src/chromium';
import { until } from '../browser/src/child';
import type { Device } from '../browser/src/daemon';
import { Viewer } from '../browser/src/viewer';
import { figure, RUNS, type Figure } from './figures';

/** One start: the times of all that happened, milliseconds after the click. */
export type Trace = readonly [string, number][];

/** `suffix` names the network. Each start is in a new profile, and the device's source is closed before it. */
export async function starts(device: Device, browser: Browser, suffix: string): Promise<{ figures: Figure[]; trace: Trace }> {
  const traces: Trace[] = [];
  // The first of a process and a browser pays for what later ones find ready: it is not counted.
  for (let run = 0; run <= 2 * RUNS; run++) {
    const trace = await start(device, browser);
    if (run > 0) traces.push(trace);
  }
  const whole = traces.map((trace) => at(trace, 'frame'));
  const proved = traces.map((trace) => at(trace, 'frame') - at(trace, 'prove'));
  return {
    figures: [figure(`first_frame_ms${suffix}`, 'ms', whole), figure(`first_frame_proved_ms${suffix}`, 'ms', proved)],
    trace: median(traces),
  };
}

export function show(trace: Trace): string {
  let before = 0;
  return trace
    .map(([name, time]) => {
      const row = `  ${time.toFixed(1).padStart(8)} ms  ${`+${(time - before).toFixed(1)}`.padStart(8)}  ${name}`;
      before = time;
      return row;
    })
    .join('\n');
}

async function start(device: Device, browser: Browser): Promise<Trace> {
  const viewer = await Viewer.arrive(browser);
  try {
    await viewer.open(device.link);
    const marks = await until('the first frame is shown', async () => {
      const marks = await viewer.page.evaluate(() => [...window.tap.marks, ...window.tap.states.map(([name, time]): [string, number] => [`page: ${name}`, time])]);
      return marks.some(([name]) => name === 'frame') && marks;
    }, { within: 20_000 });
    const start = Math.min(...marks.map(([, time]) => time));
    return marks.map(([name, time]): [string, number] => [name, time - start]).toSorted((a, b) => a[1] - b[1]);
  } finally {
    await viewer.leave();
    // The source closes with its last viewer, so that the next start opens it again.
    await new Promise((resolve) => setTimeout(resolve, 700));
  }
}

function at(trace: Trace, name: string): number {
  const found = trace.find(([mark]) => mark === name);
  if (!found) throw new Error(`the start has no ${name}: ${JSON.stringify(trace)}`);
  return found[1];
}

/** The start in the middle, by its first frame. */
function median(traces: readonly Trace[]): Trace {
  const sorted = traces.toSorted((a, b) => at(a, 'frame') - at(b, 'frame'));
  return sorted[Math.floor(sorted.length / 2)] ?? [];
}
