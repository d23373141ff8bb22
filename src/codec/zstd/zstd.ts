import { damagedData } from '../lz-window.js';
import { MAX_ZSTD_HEADER, parseZstdHeader, ZSTD_FRAME, type ZstdDecoder, type ZstdFailure } from './zstd-frame.js';
import { decodeWithWasm, openWasmZstd } from './zstd-wasm.js';
import { openZlibZstd } from './zstd-zlib.js';

export { MAX_ZSTD_BLOCK, MAX_ZSTD_HEADER, MAX_ZSTD_WINDOW, parseZstdHeader, ZSTD_FRAME } from './zstd-frame.js';

/** Opens a decoder, which throws what `fail` makes. */
export type OpenZstd = (fail: ZstdFailure) => ZstdDecoder | Promise<ZstdDecoder>;

/** The decoders that this Node can run, the fastest first. */
export const ZSTD_DECODERS: readonly { readonly name: string; readonly open: OpenZstd }[] = [
  ...(openZlibZstd === null ? [] : [{ name: 'zlib', open: openZlibZstd }]),
  { name: 'zstddec', open: openWasmZstd },
];

/** Opens the fastest. */
export const openZstd: OpenZstd = (fail) => ZSTD_DECODERS[0]!.open(fail);

/**
 * Decodes a zstd frame (RFC 8878) that holds at most `limit` bytes, a page or a few. In WebAssembly whatever Node has:
 * its zlib makes a new context of the frame's window for each call, which takes longer than a page.
 * @throws PoolTrackerError FORMAT_DAMAGED
 */
export async function decodeZstdFrame(frame: Uint8Array, limit: number): Promise<Uint8Array> {
  const head = Buffer.alloc(MAX_ZSTD_HEADER);
  head.set(frame.subarray(0, MAX_ZSTD_HEADER));
  const { size } = parseZstdHeader(head.subarray(4));
  if (head.readUInt32LE() === ZSTD_FRAME && size !== null && size > limit)
    throw damagedData(`a zstd frame announces ${size} bytes where at most ${limit} belong`);
  return decodeWithWasm(frame, limit, (problem) => damagedData(`zstd: ${problem}`));
}
