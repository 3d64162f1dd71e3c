/** The package goes: first the program, then what was the machine's, and never what was the people's. */

import { expect, test } from '../../browser/src/playwright';
import { inGuest } from '../guest';
import { filesAreThere } from './files';
import { property } from './stage';

export function packageIsRemoved(): void {
  test('removed, the service ends in order; configuration, words and files stay', async () => {
    test.setTimeout(90_000);
    await inGuest('systemctl start watchword', 40_000);
    const process = await property('MainPID');
    await inGuest('dpkg --remove watchword', 60_000);
    expect(await inGuest(`ls -d /proc/${process} 2>/dev/null || echo gone`)).toBe('gone\n');
    const journal = await inGuest('journalctl --unit watchword --no-pager --output cat --lines 20');
    expect(journal).toContain('Deactivated successfully');
    expect(await inGuest('command -v watchword || echo none')).toBe('none\n');
    await inGuest('test -f /etc/watchword/config.toml && test -f /var/lib/watchword/words.json');
    await filesAreThere();
  });

  test('purged, it leaves the people’s files alone, and says where they are', async () => {
    const said = await inGuest('dpkg --purge watchword', 60_000);
    expect(said).toContain('/var/lib/watchword/files');
    // The drop-in is the test's, as an owner's own would stay.
    await inGuest('rm -r /etc/systemd/system/watchword.service.d');
    const left = await inGuest(`find / -xdev \\( -path /host -o -path /proc -o -path /sys \\) -prune -o -name '*watchword*' -print`);
    expect(left.trim().split('\n')).toEqual(['/var/lib/watchword']);
    expect(await inGuest('ls -A /var/lib/watchword')).toBe('files\n');
    await filesAreThere(await ownerOfFiles());
    expect(await property('LoadState')).toBe('not-found');
  });
}

/** Whether the service's user stays is Debian's matter: its number stays on the files either way. */
async function ownerOfFiles(): Promise<string> {
  return (await inGuest('stat --format=%U:%G /var/lib/watchword/files')).trim();
}
