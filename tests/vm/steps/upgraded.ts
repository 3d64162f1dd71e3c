/** A later version of the package over this one. */

import { expect, test } from '../../browser/src/playwright';
import { inGuest } from '../guest';
import { filesAreThere } from './files';
import { property, type Stage } from './stage';

export function packageIsUpgraded(stage: Stage): void {
  test('an upgrade restarts the service and keeps words, files and the changed configuration', async () => {
    test.setTimeout(150_000);
    const config = await inGuest('cat /etc/watchword/config.toml');
    const before = await property('MainPID');
    // As `apt upgrade` on a board that nobody sits at. The later package's configuration differs from both.
    await inGuest('dpkg --force-confdef --force-confold --install /host/later/watchword_*.deb', 110_000);
    expect(await inGuest('dpkg-query --show --showformat=\'${Status} ${Version}\' watchword')).toMatch(/^install ok installed .*\+later$/);
    expect(await property('ActiveState')).toBe('active');
    expect(await property('MainPID'), 'the process').not.toBe(before);
    expect(await property('UnitFileState')).toBe('enabled');
    expect(await inGuest('cat /etc/watchword/config.toml'), 'the configuration').toBe(config);
    expect(await inGuest('watchword word list')).toContain('family');
    await filesAreThere();
    await stage.arrive();
    await stage.showsTheCamera();
  });
}
