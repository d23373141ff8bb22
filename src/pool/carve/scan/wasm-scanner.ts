import { PAGE_SIZE } from '../../../address.js';
import { PAGE_SCANNER_MODULE } from './page-scanner-module.js';
import type { PageScanner } from './page-signs.js';

/** The part of the WebAssembly interface that is used here; Node's types lack it. */
export interface WasmMemory {
  readonly buffer: SharedArrayBuffer;
}

/** A compiled module, which can be passed between threads. */
export type WasmModule = object;

interface WebAssemblyInterface {
  readonly Module: new (bytes: Uint8Array) => WasmModule;
  readonly Instance: new (
    module: WasmModule,
    imports: Readonly<Record<string, Readonly<Record<string, WasmMemory>>>>,
  ) => {
    readonly exports: Readonly<Record<string, unknown>>;
  };
  readonly Memory: new (size: { initial: number; maximum: number; shared: true }) => WasmMemory;
}

export const { WebAssembly: webAssembly } = globalThis as unknown as { readonly WebAssembly: WebAssemblyInterface };

/** Size of the memory that the module requires, in WebAssembly pages of 64 KiB. */
const MEMORY_PAGES = 256;
/** Space for signs at the start of the memory, in bytes per thread. */
export const SIGNS_SIZE = 4096;
/** Start of the space for buffers. */
export const BUFFERS_AT = 1 << 16;

let compiled: WasmModule | null | undefined;

/** The module, compiled once; null where WebAssembly or its SIMD instructions are missing. */
export function compilePageScanner(): WasmModule | null {
  if (compiled !== undefined) return compiled;
  try {
    compiled = new webAssembly.Module(Buffer.from(PAGE_SCANNER_MODULE, 'base64'));
  } catch {
    compiled = null;
  }
  return compiled;
}

export function scannerMemory(): WasmMemory {
  return new webAssembly.Memory({ initial: MEMORY_PAGES, maximum: MEMORY_PAGES, shared: true });
}

/** The first look by the handwritten WebAssembly scanner, at pages in its memory. */
export class WasmScanner implements PageScanner {
  readonly kind = 'wasm';
  private readonly run: (page: number, count: number, target: number) => void;
  private readonly signs: Uint16Array;

  /** @param thread which part of the space for signs is used: 0 to 15 */
  constructor(
    module: WasmModule,
    memory: WasmMemory,
    private readonly thread = 0,
  ) {
    const { exports } = new webAssembly.Instance(module, { env: { memory } });
    this.run = exports.scan as (page: number, count: number, target: number) => void;
    this.signs = new Uint16Array(memory.buffer, thread * SIGNS_SIZE, SIGNS_SIZE / 2);
  }

  /** @param bytes must lie in the given memory */
  scan(bytes: Uint8Array, signs: Uint16Array): void {
    for (let first = 0; first < signs.length; first += this.signs.length) {
      const count = Math.min(this.signs.length, signs.length - first);
      this.run(bytes.byteOffset + first * PAGE_SIZE, count, this.thread * SIGNS_SIZE);
      signs.set(this.signs.subarray(0, count), first);
    }
  }
}
