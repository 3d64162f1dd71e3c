/** From `dpkg -i` to a page and a word. */

import { expect, test } from '../../browser/src/playwright';
import { inGuest } from '../guest';
import { property, RIGHTS, tell, type Stage } from './stage';

/** What an emulated processor encodes and still has time for the rest. Everything else is the default: the first camera and the first microphone. */
const SMALL = 's/^#width = .*/width = 640/; s/^#height = .*/height = 360/; s/^#fps = .*/fps = 15/; s/^#bitrate = 2000000/bitrate = 800000/';

/** `more`: what else of the configuration is changed, as a sed script. */
export function packageIsInstalled(stage: Stage, more = ''): void {
  test('dpkg takes the package, which makes no word by itself and says how to make one', async () => {
    test.setTimeout(120_000);
    const said = await inGuest('dpkg --install /host/packages/watchword_*.deb', 110_000);
    expect(said).toContain('watchword word add');
    expect(said, 'dpkg’s warnings').not.toMatch(/warning|error/i);
    const groups = (await inGuest('id -nG watchword')).trim().split(' ');
    expect(groups, 'the groups of the service’s user').toEqual(expect.arrayContaining(['watchword', 'video', 'audio', 'render']));
    expect(await inGuest('watchword word list')).toContain('No secret word yet. Make one: sudo watchword word add');
  });

  test('enabled, the service says that it is ready, and is not root', async () => {
    await inGuest(`sed -i '${SMALL}; ${more}' /etc/watchword/config.toml; grep -q '^width = 640' /etc/watchword/config.toml`);
    // Type=notify: both return when the daemon says that it is ready.
    await inGuest('systemctl enable --now watchword; systemctl restart watchword', 60_000);
    expect(await property('ActiveState')).toBe('active');
    expect(await property('UnitFileState')).toBe('enabled');
    const [started, ready] = [Number(await property('ExecMainStartTimestampMonotonic')), Number(await property('ActiveEnterTimestampMonotonic'))];
    tell(`ready ${Math.round((ready - started) / 1_000)} ms after its start`);
    expect((await inGuest(`stat --format %U /proc/${await property('MainPID')}`)).trim(), 'whose process it is').toBe('watchword');
    const exposure = (await inGuest('systemd-analyze security --no-pager watchword.service | tail -n 1')).trim();
    tell(exposure.replace(/^\W+/, ''));
  });

  test('the owner makes a word, which is shown once and leaves no file of root’s behind', async () => {
    const said = await inGuest(`watchword word add --label family --allow ${RIGHTS}`, 60_000);
    stage.word = /^ *Word +(\S+)$/m.exec(said)?.[1] ?? '';
    expect(stage.word, `the word in:\n${said}`).toMatch(/^[a-z0-9]+(-[a-z0-9]+){3}$/);
    expect(await inGuest('watchword word list')).toContain('family');
    expect(await inGuest('find /var/lib/watchword ! -user watchword'), 'files of others in the state folder').toBe('');
  });
}
