/** Debian's Chromium, headless, optionally in a network namespace. */

import { chromium, type Browser } from '@playwright/test';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHROMIUM } from './paths';

const ARGUMENTS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
];

export async function launch(namespace?: string, more: readonly string[] = []): Promise<Browser> {
  const common = { args: [...ARGUMENTS, ...more], timeout: 30_000 };
  if (namespace === undefined) return await chromium.launch({ ...common, executablePath: CHROMIUM });
  const directory = await mkdtemp(join(tmpdir(), 'watchword-chromium-'));
  const wrapper = join(directory, 'chromium');
  await writeFile(wrapper, `#!/bin/sh\nexec ip netns exec '${namespace}' '${CHROMIUM}' "$@"\n`, { mode: 0o755 });
  const browser = await chromium.launch({ ...common, executablePath: wrapper });
  browser.once('disconnected', () => void rm(directory, { recursive: true, force: true }));
  return browser;
}

export type { Browser };
