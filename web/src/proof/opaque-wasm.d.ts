/** Address of OPAQUE's WebAssembly: see `opaque-wasm.ts` beside the configuration of the bundler. */
declare module 'virtual:opaque.wasm' {
  const address: string;
  export default address;
}
