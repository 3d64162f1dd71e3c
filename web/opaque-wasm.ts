import type { Plugin } from 'vite';

/** Where the package keeps its WebAssembly: as base64 in a call. */
const INLINE = /function wasmData\(imports\)\{return _loadWasmModule\(0, null, '([A-Za-z0-9+/=]+)'\)\}/;
const PACKAGE = '@serenity-kit/opaque/esm/index.js';
const ADDRESS = 'virtual:opaque.wasm';

/**
 * Takes OPAQUE's WebAssembly out of its JavaScript, to a file of its own: a third smaller on its way, compiled while
 * it arrives and while the worker starts. The page compiles it and hands it to the worker as `opaqueModule`. Worker
 * and WebAssembly are named in the head of the page, so that they come with its first script and not after it.
 */
export function opaqueWasm(): Plugin {
  let serving = false;
  return {
    name: 'opaque-wasm',
    enforce: 'pre',
    configResolved(config) {
      serving = config.command === 'serve';
    },
    resolveId: (id) => (id === ADDRESS ? `\0${ADDRESS}` : undefined),
    async load(id) {
      if (id !== `\0${ADDRESS}`) return undefined;
      const source = await this.resolve('@serenity-kit/opaque');
      const text = source ? await this.fs.readFile(source.id.split('?')[0] ?? '', { encoding: 'utf8' }) : '';
      const inline = INLINE.exec(text)?.[1];
      if (inline === undefined) this.error('@serenity-kit/opaque keeps its WebAssembly elsewhere now: see opaque-wasm.ts');
      if (serving) return `export default 'data:application/wasm;base64,${inline}'`;
      const file = this.emitFile({ type: 'asset', name: 'opaque.wasm', source: Buffer.from(inline, 'base64') });
      return `export default import.meta.ROLLUP_FILE_URL_${file}`;
    },
    transform(code, id) {
      if (!id.includes(PACKAGE)) return undefined;
      if (!INLINE.test(code)) this.error('@serenity-kit/opaque keeps its WebAssembly elsewhere now: see opaque-wasm.ts');
      return { code: code.replace(INLINE, 'function wasmData(){return globalThis.opaqueModule}'), map: null };
    },
    transformIndexHtml(_html, { bundle }) {
      const files = Object.keys(bundle ?? {});
      const wasm = files.find((file) => file.endsWith('.wasm'));
      const worker = files.find((file) => /worker-[^/]*\.js$/.test(file));
      return [
        ...(wasm === undefined ? [] : [link({ rel: 'preload', as: 'fetch', type: 'application/wasm', href: `./${wasm}` })]),
        ...(worker === undefined ? [] : [link({ rel: 'modulepreload', href: `./${worker}` })]),
      ];
    },
  };
}

function link(attributes: Record<string, string>) {
  return { tag: 'link', attrs: { ...attributes, crossorigin: true }, injectTo: 'head' as const };
}
