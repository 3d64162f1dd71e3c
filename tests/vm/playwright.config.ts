import { fileURLToPath } from 'node:url';

// Plain, so that nothing is imported: Playwright itself lives beside the browser tests.
export default {
  testDir: '.',
  outputDir: fileURLToPath(new URL('../../target/test/vm/output/', import.meta.url)),
  workers: 1,
  retries: 0,
  timeout: 180_000,
  expect: { timeout: 30_000 },
  reporter: [['list']],
};
