/** A service that is killed, and one that hangs: systemd starts it again, and the page finds it again, by themselves. */

import { until } from '../../browser/src/child';
import { expect, test } from '../../browser/src/playwright';
import { inGuest } from '../guest';
import { property, since, tell, type Stage } from './stage';

export function comesBack(stage: Stage): void {
  test('killed, the service is back, and the viewer with it', async () => {
    await again(stage, 'systemctl kill --signal=SIGKILL --kill-whom=main watchword');
  });

  test('a main loop that hangs is found by the watchdog, and the viewer is back', async () => {
    // A debug build hangs at this signal; a release build would just end.
    await again(stage, 'systemctl kill --signal=SIGUSR2 --kill-whom=main watchword');
    const journal = await inGuest('journalctl --unit watchword --no-pager --output cat');
    expect(journal).toContain('told to hang');
    expect(journal).toContain('Watchdog timeout');
  });
}

/** Hurts it with a script, and waits until systemd has started it once more and the picture moves in a new session. */
async function again(stage: Stage, script: string): Promise<void> {
  const [restarts, connections] = [Number(await property('NRestarts')), await stage.connections()];
  await inGuest(script);
  const from = performance.now();
  await until('systemd has started it again', async () => Number(await property('NRestarts')) === restarts + 1, { within: 30_000 });
  await until('a new session', async () => (await stage.connections()) > connections, { within: 30_000 });
  await stage.viewer.becomes('live', 30_000);
  await stage.viewer.pictureMoves(20_000);
  tell(`live again after ${since(from)} ms`);
  await stage.showsTheCamera();
  expect(await property('ActiveState')).toBe('active');
  expect(Number(await property('NRestarts')), 'starts by systemd').toBe(restarts + 1);
}
