/** A mistake in the configuration of a service: told where its owner looks, and mended without a command. */

import { until } from '../../browser/src/child';
import { expect, test } from '../../browser/src/playwright';
import { inGuest } from '../guest';
import { property } from './stage';

const CONFIG = '/etc/watchword/config.toml';
const DROP_IN = '/run/systemd/system/watchword-retry.timer.d';

export function mistakeIsMended(): void {
  test('a mistake in the configuration is in the journal; mended, it is found by itself', async () => {
    test.setTimeout(90_000);
    const right = await inGuest(`cat ${CONFIG}`);
    // A minute is long for a test; all else of the timer is the package's.
    await inGuest(`mkdir -p ${DROP_IN}; printf '[Timer]\\nOnActiveSec=\\nOnActiveSec=4\\n' >${DROP_IN}/soon.conf; systemctl daemon-reload`);
    await inGuest(`sed -i '/^\\[video\\]/a bitrat = 1' ${CONFIG}; if systemctl restart watchword; then exit 1; fi`, 30_000);
    expect(await property('NRestarts'), 'quick restarts').toBe('0');
    const line = right.split('\n').indexOf('[video]') + 2;
    const journal = await inGuest('journalctl --unit watchword --no-pager --output cat');
    expect(journal).toContain(`${CONFIG}: line ${line}: unknown key \`bitrat\`: did you mean \`bitrate\`?`);
    // The mended file is all that the owner does.
    await inGuest(`sed -i '/^bitrat = /d' ${CONFIG}`);
    expect(await inGuest(`cat ${CONFIG}`)).toBe(right);
    await until('the timer has started it', async () => (await property('ActiveState')) === 'active', { within: 30_000, every: 500 });
    await inGuest(`rm -r ${DROP_IN}; systemctl daemon-reload`);
  });
}
