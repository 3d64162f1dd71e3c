/** Where things are. */

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** The executable under test. */
export const WATCHWORD = process.env.WATCHWORD_BIN ?? `${ROOT}target/debug/watchword`;
export const NETEM = process.env.WATCHWORD_NETEM_BIN ?? `${ROOT}target/debug/watchword-netem`;
export const CHROMIUM = process.env.WATCHWORD_CHROMIUM ?? first('/usr/bin/chromium', '/usr/bin/chromium-browser');
export const FIREFOX = process.env.WATCHWORD_FIREFOX ?? first('/usr/bin/firefox-esr', '/usr/bin/firefox');

function first(...paths: [string, ...string[]]): string {
  return paths.find((path) => existsSync(path)) ?? paths[0];
}
