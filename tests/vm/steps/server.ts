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

  test('a device elsewhere shows it the token that systemd has handed to both', async () => {
    test.setTimeout(90_000);
    const token = 'a-token-of-nobody-else';
    const said = await inGuest(`journalctl --unit ${UNIT} --no-pager --output cat`);
    const fingerprint = /fingerprint = "([^"]+)"/.exec(said)?.[1] ?? '';
    await inGuest(`cp -p /etc/watchword/config.toml /root; sed -i 's|^#url = .*|url = "wss://127.0.0.1:8443/ws"|; s|^#fingerprint = .*|fingerprint = "${fingerprint}"|' /etc/watchword/config.toml`);
    await credential('watchword.server.claim_token', token);
    await inGuest(`systemctl restart ${UNIT}; systemctl start watchword`, 40_000);
    await status('0 of 1 places registered');
    await credential('watchword.rendezvous.token', token);
    await inGuest('systemctl restart watchword', 30_000);
    await status('1 of 1 places registered');
    expect(await inGuest('journalctl --no-pager --output export', 60_000)).not.toContain(token);
    await inGuest(`systemctl stop watchword; mv /root/config.toml /etc/watchword; rm /etc/credstore/watchword.*; systemctl restart ${UNIT}`, 40_000);
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

/** Puts a secret where systemd takes credentials from. */
async function credential(name: string, secret: string): Promise<void> {
  await inGuest(`install -d -m 700 /etc/credstore; printf %s '${secret}' | install -m 600 /dev/stdin /etc/credstore/${name}`);
}

/** The device comes to say so to systemd. */
async function status(text: string): Promise<void> {
  await until(`the device says "${text}"`, async () => (await property('StatusText')) === text, { within: 20_000, every: 500 });
}

async function answers(): Promise<void> {
  await until('the server answers', async () => (await fetched('healthz')) !== '', { within: 20_000, every: 500 });
}

/** What the server sends for a path; nothing where it does not. */
async function fetched(path: string): Promise<string> {
  const { child } = await run(inside(NAMESPACE, ['curl', '--silent', '--insecure', '--fail', '--max-time', '15', `${PAGE}${path}`]));
  return child.out.join('\n');
}
