import { defineConfig } from 'vite';

export default defineConfig({
  // Relative, so that the folder can be hosted under any path.
  base: './',
  worker: { format: 'es' },
  build: {
    target: ['chrome111', 'firefox114', 'safari16.4'],
    // Inlined assets would be `data:` addresses, which the page's policy allows for images only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
});
