/** What the journal keeps of the service, and what it must not. */

import { expect, test } from '../../browser/src/playwright';
import { inGuest } from '../guest';
import type { Stage } from './stage';

type Entry = Record<string, string>;

export function journalIsRight(stage: Stage): void {
  test('every line of the journal says whose it is, how bad it is and where it is from', async () => {
    const lines = (await inGuest('journalctl _SYSTEMD_UNIT=watchword.service _TRANSPORT=journal --no-pager --output json')).trim();
    const entries = lines.split('\n').map((line) => JSON.parse(line) as Entry);
    expect(entries.length, 'lines of the daemon').toBeGreaterThan(5);
    for (const entry of entries) {
      expect(entry, JSON.stringify(entry)).toMatchObject({ SYSLOG_IDENTIFIER: 'watchword', _COMM: 'watchword' });
      expect(entry['PRIORITY'], JSON.stringify(entry)).toMatch(/^[3-7]$/);
      expect(entry['CODE_FILE'], JSON.stringify(entry)).toMatch(/\.rs$/);
      expect(entry['CODE_LINE'], JSON.stringify(entry)).toMatch(/^[0-9]+$/);
      expect(entry['TARGET'], JSON.stringify(entry)).toMatch(/^[a-z0-9_:]+$/);
    }
    const told = entries.find(({ MESSAGE }) => MESSAGE?.includes('told to hang'));
    expect(told, 'a warning').toMatchObject({ PRIORITY: '4', TARGET: 'watchword::systemd' });
    // The journal has a level more than the log: what only informs is a notice there.
    expect(entries.some(({ PRIORITY }) => PRIORITY === '5'), 'lines that only inform').toBe(true);
  });

  test('no field of the whole system’s journal holds the word, nor does anything panic', async () => {
    const secret = stage.word.slice(stage.word.indexOf('-') + 1);
    const journal = await inGuest('journalctl --no-pager --output export', 60_000);
    expect(journal).toContain('SYSLOG_IDENTIFIER=watchword');
    expect(journal.includes(secret), 'the word is in the journal').toBe(false);
    expect(journal).not.toMatch(/panicked/);
  });
}
