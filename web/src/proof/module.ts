/**
 * OPAQUE's WebAssembly, which the page compiles while this worker starts and sends as its first message. The package
 * asks for it when it is imported: import this file first.
 */

import type { ToProver } from './wire';

declare global {
  var opaqueModule: Promise<WebAssembly.Module> | undefined;
}

globalThis.opaqueModule = new Promise((resolve) => {
  addEventListener('message', function take(event: MessageEvent<ToProver>) {
    if (event.data.op !== 'load') return;
    removeEventListener('message', take);
    resolve(event.data.module);
  });
});
