/**
 * `watchword check` beside a real service: what it says while all is well, and of each thing that goes wrong. Every test
 * sets right again what it has broken.
 */

import { until } from '../browser/src/child';
import { expect, test } from '../browser/src/playwright';
import { inGuest } from './guest';

interface Check {
  name: string;
  state: 'ok' | 'warning' | 'failed' | 'skipped';
  message: string;
  advice: string | null;
}

/** Where the owner changes the service, as with `systemctl edit`. */
const DROP_IN = '/etc/systemd/system/watchword.service.d/test.conf';

test.describe.configure({ mode: 'serial', timeout: 120_000 });

test('a service that is well has nothing that failed, and its camera is told with its mode', async () => {
  await inGuest('watchword word add --label family', 60_000);
  const checks = await check();
  expect(checks.filter(({ state }) => state === 'failed')).toEqual([]);
  expect(about(checks, 'service')).toMatchObject({ state: 'ok', message: expect.stringContaining('starts with the board') as unknown });
  expect(about(checks, 'permissions').message).toMatch(/^The user watchword \(groups: audio, render, video\) may open: cameras, microphones/);
  expect(about(checks, 'state').message).toContain('/var/lib/watchword belongs to the user watchword');
  expect(about(checks, 'words').message).toContain('"family"');
  expect(about(checks, 'cameras').message).toMatch(/vivid.*320x180|vivid.*scaled down/i);
  expect(about(checks, 'encoder').message).toMatch(/^(x264enc|openh264enc) \(software\): [0-9]+ of 10 pictures a second at 320x180/);
  expect(about(checks, 'page').message).toContain("this device's certificate");
  // Nothing sets the clock of this machine, and that is seen.
  expect(about(checks, 'clock')).toMatchObject({ state: 'warning', message: expect.stringContaining('not set by a time server') as unknown });
  process.stdout.write(await inGuest('watchword check; watchword cameras', 60_000));
  expect(await inGuest('find /var/lib/watchword ! -user watchword'), 'files of root’s in the state folder').toBe('');
});

test('another program that has the camera is named, with its process', async () => {
  const pid = (await inGuest('sleep 1000 </dev/video0 >/dev/null 2>&1 & echo $!')).trim();
  const camera = about(await check(), 'cameras');
  expect(camera).toMatchObject({ state: 'failed', message: expect.stringContaining(`in use by sleep (pid ${pid})`) as unknown });
  expect(await inGuest('watchword cameras')).toContain(`In use by sleep (pid ${pid})`);
  await inGuest(`kill ${pid}`);
  await until('the camera is free', async () => about(await check(), 'cameras').state === 'ok', { within: 30_000 });
});

test('a user who is not in the group of the cameras is told the command that helps', async () => {
  await inGuest('gpasswd --delete watchword video');
  await edited('SupplementaryGroups=\nSupplementaryGroups=audio');
  const permissions = about(await check(), 'permissions');
  expect(permissions.state).toBe('failed');
  expect(permissions.message).toMatch(/^The user watchword may not open \/dev\/video0.*\(cameras\)/);
  expect(permissions.advice).toContain('sudo usermod -aG video watchword');
  await inGuest('usermod -aG video watchword');
  await asShipped();
  expect(about(await check(), 'permissions').state).toBe('ok');
});

test('a sandbox that closes the cameras is told the line that opens it', async () => {
  await edited('DeviceAllow=\nDeviceAllow=char-116 rw');
  const permissions = about(await check(), 'permissions');
  expect(permissions).toMatchObject({ state: 'failed', message: expect.stringContaining('sandbox') as unknown });
  expect(permissions.advice).toContain('DeviceAllow=char-video4linux rw');
  await asShipped();
});

test('what the sandbox denies is found in the journal, and a folder that it closes is told', async () => {
  await inGuest('mkdir -p /srv/inbox && chown watchword: /srv/inbox');
  // A read-only root: the file system of the device is not this service's to write.
  await edited('ExecStartPre=-/bin/sh -c "echo x >/srv/inbox/x"');
  const journal = about(await check(), 'journal');
  expect(journal).toMatchObject({ state: 'warning', message: expect.stringContaining('Read-only file system') as unknown });
  await asShipped();
  // With the folder in the configuration the service would not start; so it is looked at beside the running one.
  await inGuest(`(cat /etc/watchword/config.toml; echo '[files]'; echo 'roots = [{ name = "inbox", path = "/srv/inbox", writable = true }]') >/tmp/other.toml`);
  const disk = about(await check('--config /tmp/other.toml'), 'disk');
  expect(disk).toMatchObject({ state: 'failed', advice: expect.stringContaining('files.conf') as unknown });
});

test('a service that is stopped, and one that cannot start, are two things', async () => {
  await inGuest('systemctl stop watchword');
  let checks = await check();
  expect(about(checks, 'service')).toMatchObject({ state: 'warning', message: expect.stringContaining('does not run') as unknown });
  expect(about(checks, 'page').state).toBe('skipped');

  await inGuest('cp /etc/watchword/config.toml /tmp/good.toml; sed -i s/width/widht/ /etc/watchword/config.toml; systemctl start watchword || true');
  checks = await check('', 2);
  expect(about(checks, 'config').message).toMatch(/line 2: unknown key `widht`: did you mean `width`\?/);
  expect(about(checks, 'service')).toMatchObject({ state: 'failed', message: expect.stringContaining('its configuration cannot be used') as unknown });
  await inGuest('cp /tmp/good.toml /etc/watchword/config.toml; systemctl reset-failed watchword; systemctl start watchword');
  expect(about(await check(), 'page').state).toBe('ok');
});

test('a service that systemd had to restart is told', async () => {
  await inGuest('systemctl kill --signal=SIGKILL --kill-whom=main watchword');
  await until('it is back', async () => (await inGuest('systemctl is-active watchword || true')).trim() === 'active', { within: 30_000 });
  const service = about(await check(), 'service');
  expect(service).toMatchObject({ state: 'warning', message: expect.stringMatching(/systemd had to restart it (once|[0-9]+ times)/) as unknown });
});

test('somebody without rights sees less, and is told to use sudo', async () => {
  const printed = await inGuest('setpriv --reuid=nobody --regid=nogroup --clear-groups watchword check --json || true', 60_000);
  const { checks } = JSON.parse(printed) as { checks: Check[] };
  for (const name of ['journal', 'state', 'words', 'cameras', 'encoder']) {
    expect(about(checks, name), name).toMatchObject({ state: 'skipped', advice: 'sudo watchword check' });
  }
  expect(about(checks, 'page').state).toBe('ok');
});

/** What `watchword check` says, as root; `status` is the exit code if it is neither 0 nor 1. */
async function check(options = '', status?: number): Promise<Check[]> {
  const printed = await inGuest(`code=0; watchword check --json ${options} || code=$?; echo "exit $code"`, 90_000);
  const [json = '', code] = printed.split(/^exit /m);
  const { checks } = JSON.parse(json) as { checks: Check[] };
  expect(Number(code)).toBe(status ?? (checks.some(({ state }) => state === 'failed') ? 1 : 0));
  return checks;
}

/** The worst line of this name. */
function about(checks: Check[], name: string): Check {
  const order = ['skipped', 'ok', 'warning', 'failed'];
  const lines = checks.filter((line) => line.name === name).sort((a, b) => order.indexOf(b.state) - order.indexOf(a.state));
  const [worst] = lines;
  if (worst === undefined) throw new Error(`no line ${name} in ${JSON.stringify(checks)}`);
  return worst;
}

/** Restarts the service with these lines. */
async function edited(lines: string): Promise<void> {
  await inGuest(`mkdir -p $(dirname ${DROP_IN}); printf '[Service]\\n%s\\n' '${lines.replaceAll('\n', "' '")}' >${DROP_IN}`);
  await inGuest('systemctl daemon-reload; systemctl restart watchword', 60_000);
}

/** Restarts it as it is shipped. */
async function asShipped(): Promise<void> {
  await inGuest(`rm ${DROP_IN}; systemctl daemon-reload; systemctl restart watchword`, 60_000);
}
