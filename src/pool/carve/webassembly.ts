/** The part of the WebAssembly interface that is used here; the types of Node leave it out. */
export interface WasmMemory {
  readonly buffer: SharedArrayBuffer;
}

/** A compiled module; threads hand it to each other. */
export type WasmModule = object;

interface WebAssemblyInterface {
  readonly Module: new (bytes: Uint8Array) => WasmModule;
  readonly Instance: new (module: WasmModule, imports: Readonly<Record<string, Readonly<Record<string, WasmMemory>>>>) => {
    readonly exports: Readonly<Record<string, unknown>>;
  };
  readonly Memory: new (size: { initial: number; maximum: number; shared: true }) => WasmMemory;
}

export const { WebAssembly: webAssembly } = globalThis as unknown as { readonly WebAssembly: WebAssemblyInterface };
