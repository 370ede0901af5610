/*
 * What is used of WebAssembly, declared here: it belongs to the language's hosts, not to the language, so neither its
 * types nor the thing itself can be taken for granted.
 */

export type CompiledModule = object;

export interface LinearMemory {
  readonly buffer: ArrayBuffer;
}

/** `Run` is the type of the function that our modules export. */
export interface WebAssemblyHost<Run> {
  readonly Module: new (bytes: Uint8Array) => CompiledModule;
  readonly Instance: new (
    module: CompiledModule,
    imports: { readonly host: { readonly memory: LinearMemory } },
  ) => { readonly exports: { readonly run: Run } };
  readonly Memory: new (pages: { readonly initial: number; readonly maximum: number }) => LinearMemory;
}

/** Undefined where WebAssembly is switched off, as by `--jitless`. */
export function webAssembly<Run>(): WebAssemblyHost<Run> | undefined {
  return (globalThis as { WebAssembly?: WebAssemblyHost<Run> }).WebAssembly;
}
