import { defineConfig } from 'vite';
import { opaqueWasm } from './opaque-wasm.ts';

export default defineConfig(({ mode }) => ({
  // Relative, so that the folder can be hosted under any path.
  base: './',
  // Tests call the package as it is.
  plugins: mode === 'test' ? [] : [opaqueWasm()],
  worker: { format: 'es', plugins: () => [opaqueWasm()] },
  optimizeDeps: { exclude: ['@serenity-kit/opaque'] },
  build: {
    target: ['chrome111', 'firefox114', 'safari16.4'],
    // Inlined assets would be `data:` addresses, which the page's policy allows for images only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      // A service worker has one name, and lies above what it answers for.
      input: { index: 'index.html', downloads: 'src/files/service-worker.ts' },
      output: { entryFileNames: ({ name }) => (name === 'downloads' ? '[name].js' : 'assets/[name]-[hash].js') },
    },
  },
}));
