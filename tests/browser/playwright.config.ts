import { defineConfig } from '@playwright/test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../target/test/browser/', import.meta.url));

export default defineConfig({
  testDir: 'tests',
  outputDir: `${root}output`,
  globalSetup: './src/setup.ts',
  // Times are measured on machines of two cores, where two tests at once would measure each other.
  workers: 1,
  fullyParallel: false,
  // A test that passes now and then tells of a fault: it is not tried again.
  retries: 0,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  forbidOnly: process.env.CI !== undefined,
  reporter: [['list'], ['json', { outputFile: `${root}results.json` }]],
});
