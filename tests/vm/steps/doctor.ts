/** `watchword check`, where everything is right and nobody watches. */

import { expect, test } from '../../browser/src/playwright';
import { camerasStreaming, inGuest } from '../guest';
import { tell, type Stage } from './stage';

interface Check {
  name: string;
  state: string;
  message: string;
}

export function doctor(stage: Stage): void {
  test('the doctor finds nothing that failed, and tells no secret', async () => {
    await stage.viewer.leave();
    await expect.poll(camerasStreaming, 'the camera’s buffers that the service holds').toBe(0);
    // Its exit code says whether something failed.
    const printed = await inGuest('watchword check --json', 60_000);
    const { checks } = JSON.parse(printed) as { checks: Check[] };
    expect(checks.filter(({ state }) => state === 'failed')).toEqual([]);
    expect(checks.filter(({ state }) => state === 'ok').length, 'checks that are ok').toBeGreaterThan(5);
    // GStreamer has left a handle of the camera open: that is nobody who watches.
    expect(checks.find(({ name }) => name === 'encoder')?.state).toMatch(/ok|warning/);
    expect(printed).not.toContain(stage.word.slice(stage.word.indexOf('-') + 1));
    for (const { name, state, message } of checks) tell(`${name}: ${state}: ${message}`);
  });
}
