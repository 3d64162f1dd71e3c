/** The server's own package, beside the device's. */

import { run, until } from '../../browser/src/child';
import { inside } from '../../browser/src/network';
import { expect, test } from '../../browser/src/playwright';
import { inGuest, NAMESPACE } from '../guest';
import { PAGE, property, type Stage } from './stage';

const UNIT = 'watchword-server';

export function serverIsInstalled(stage: Stage): void {
  test('the server’s package serves the page, as a user of its own', async () => {
    test.setTimeout(90_000);
    // The page would look for its device here, and wake the socket before its time.
    await stage.viewer.leave();
    // Both would listen at the same ports.
    await inGuest('systemctl stop watchword');
    await inGuest('dpkg --install /host/packages/watchword-server_*.deb', 60_000);
    await inGuest(`systemctl enable --now ${UNIT}; systemctl restart ${UNIT}`, 40_000);
    expect(await property('ActiveState', UNIT)).toBe('active');
    expect((await inGuest(`stat --format %U /proc/${await property('MainPID', UNIT)}`)).trim()).toBe(UNIT);
    await answers();
    expect(await fetched(''), 'the page').toContain('watchword-app');
  });

  test('its socket starts it when somebody comes', async () => {
    await inGuest(`systemctl disable --now ${UNIT}; systemctl enable --now ${UNIT}.socket`);
    expect(await property('ActiveState', UNIT)).toBe('inactive');
    await answers();
    expect(await property('ActiveState', UNIT)).toBe('active');
    expect(await property('TriggeredBy', UNIT)).toContain(`${UNIT}.socket`);
  });

  test('purged, it leaves nothing', async () => {
    await inGuest(`dpkg --purge ${UNIT}`, 40_000);
    expect(await inGuest(`find / -xdev -path /host -prune -o -name '*${UNIT}*' -print`)).toBe('');
    expect(await property('LoadState', UNIT)).toBe('not-found');
  });
}

async function answers(): Promise<void> {
  await until('the server answers', async () => (await fetched('healthz')) !== '', { within: 20_000, every: 500 });
}

/** What the server sends for a path; nothing where it does not. */
async function fetched(path: string): Promise<string> {
  const { child } = await run(inside(NAMESPACE, ['curl', '--silent', '--insecure', '--fail', '--max-time', '15', `${PAGE}${path}`]));
  return child.out.join('\n');
}
