/** What page and worker say to each other. One login at a time has an `id`; what belongs to an older one is dropped. */

export type ToProver =
  | { op: 'load'; module: WebAssembly.Module }
  | { id: number; op: 'start'; phrase: string }
  | { id: number; op: 'finish'; ke2: string };

export type FromProver =
  | { id: number; op: 'started'; ke1: string }
  | { id: number; op: 'proved'; ke3: string; deviceKey: string; sessionKey: CryptoKey }
  | { id: number; op: 'wrong-word' }
  | { id: number; op: 'failed'; message: string };
