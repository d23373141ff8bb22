import { setImmediate } from 'node:timers/promises';
import { ZSTD_PIECE, zstdProblem, type ZstdDecoder, type ZstdFailure } from './zstd-frame.js';

/** What the package's module exports: functions of libzstd (zstd.h) and of its memory. Sizes and pointers are 32 bits. */
interface ZstdModule {
  readonly memory: { readonly buffer: ArrayBuffer };
  malloc(size: number): number;
  free(pointer: number): void;
  ZSTD_createDCtx(): number;
  ZSTD_freeDCtx(context: number): number;
  ZSTD_decompressStream(context: number, output: number, input: number): number;
  ZSTD_decompress(target: number, size: number, source: number, length: number): number;
}

/** What WebAssembly.instantiate gives; the types of Node leave it out. */
interface Instantiated {
  readonly instance: { readonly exports: ZstdModule };
  readonly module: object;
}

let loaded: Promise<ZstdModule> | undefined;

/**
 * The module of zstddec, compiled with the first frame. The package's own `decode` and `decodeStreaming` are not used:
 * they do not look whether a call failed, so that damaged data come out as none, or go round without end. Others tried:
 * `@hpcc-js/wasm-zstd` streams at a twentieth of the speed, one stream at a time; `zstd-codec` at a quarter of it, holding
 * all; `@oneidentity/zstd-js` and `@bokuweb/zstd-wasm` decode a whole file at once; `@mongodb-js/zstd` is an addon.
 */
function zstdModule(): Promise<ZstdModule> {
  loaded ??= (async () => {
    const { ZSTDDecoder } = await import('zstddec/stream');
    const decoder = new ZSTDDecoder();
    const init = decoder._init.bind(decoder);
    let module: ZstdModule | undefined;
    decoder._init = (result: Instantiated) => {
      init(result);
      module = result.instance.exports;
    };
    await decoder.init();
    return module!;
  })();
  return loaded;
}

/** The lowest number that is an error; a result above it is 2 ** 32 less its code. */
const ERRORS = 2 ** 32 - 120;

/** @param result a size_t, which comes as a signed number. @returns null where it is no error */
function problemOf(result: number): string | null {
  return result >>> 0 >= ERRORS ? zstdProblem(2 ** 32 - (result >>> 0)) : null;
}

/** Room in the module's memory. */
function allocate(module: ZstdModule, size: number, fail: ZstdFailure): number {
  const pointer = module.malloc(size) >>> 0;
  if (pointer === 0) throw fail(`there is not memory enough for ${size} bytes of it`);
  return pointer;
}

/**
 * Decodes frames that hold at most `limit` bytes together.
 * @throws what `fail` makes
 */
export async function decodeWithWasm(frames: Uint8Array, limit: number, fail: ZstdFailure): Promise<Buffer> {
  const module = await zstdModule();
  const source = allocate(module, frames.length + limit, fail);
  try {
    new Uint8Array(module.memory.buffer).set(frames, source);
    const target = source + frames.length;
    const length = module.ZSTD_decompress(target, limit, source, frames.length);
    const problem = problemOf(length);
    if (problem !== null) throw fail(problem);
    return copied(module, target, length);
  } finally {
    module.free(source);
  }
}

/** The module's memory moves when it grows, and what lies there is written over. */
function copied(module: ZstdModule, pointer: number, length: number): Buffer {
  return Buffer.from(new Uint8Array(module.memory.buffer, pointer, length));
}

/** ZSTD_inBuffer and ZSTD_outBuffer: pointer, size, position. */
const BUFFER = 12;
const POSITION = 8;

/** Bytes put out in a row before whoever else waits for this thread has a turn. */
const MAX_TURN = 8 << 20;

/** libzstd as the package `zstddec` has it, in WebAssembly. */
export async function openWasmZstd(fail: ZstdFailure): Promise<ZstdDecoder> {
  return new WasmZstd(await zstdModule(), fail);
}

class WasmZstd implements ZstdDecoder {
  private readonly context: number;
  private readonly target: number;
  private readonly output: number;
  private readonly input: number;
  private closed = false;

  constructor(
    private readonly module: ZstdModule,
    private readonly fail: ZstdFailure,
  ) {
    this.target = allocate(module, ZSTD_PIECE + 2 * BUFFER, fail);
    this.output = this.target + ZSTD_PIECE;
    this.input = this.output + BUFFER;
    this.context = module.ZSTD_createDCtx();
    if (this.context === 0) throw fail('there is not memory enough for its state');
  }

  async *decode(piece: Uint8Array): AsyncGenerator<Uint8Array> {
    const { module } = this;
    const source = allocate(module, piece.length, this.fail);
    try {
      new Uint8Array(module.memory.buffer).set(piece, source);
      let turn = 0;
      for (let taken = 0, more = true; more;) {
        const step = this.step(source, piece.length, taken);
        taken = step.taken;
        // A full target may hide bytes that are still to come, unless the frame is done.
        more = !step.done && step.bytes.length === ZSTD_PIECE;
        if (step.bytes.length > 0) yield step.bytes;
        turn += step.bytes.length;
        if (turn >= MAX_TURN) turn = (await setImmediate(), 0);
      }
    } finally {
      module.free(source);
    }
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.module.ZSTD_freeDCtx(this.context);
    this.module.free(this.target);
  }

  private step(source: number, length: number, from: number): { bytes: Buffer; taken: number; done: boolean } {
    const { module } = this;
    const before = new DataView(module.memory.buffer);
    for (const [at, value] of [source, length, from].entries()) before.setUint32(this.input + at * 4, value, true);
    for (const [at, value] of [this.target, ZSTD_PIECE, 0].entries())
      before.setUint32(this.output + at * 4, value, true);
    const result = module.ZSTD_decompressStream(this.context, this.output, this.input);
    const problem = problemOf(result);
    if (problem !== null) throw this.fail(problem);
    const after = new DataView(module.memory.buffer);
    const taken = after.getUint32(this.input + POSITION, true);
    const bytes = copied(module, this.target, after.getUint32(this.output + POSITION, true));
    return { bytes, taken, done: result === 0 && taken === length };
  }
}
