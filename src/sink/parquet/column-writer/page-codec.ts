import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { requirePackage } from '../../../required-package.js';
import type { CompressionCodec } from './format-types.js';
import type { ParquetCompression } from '../../sink.js';

/** Compresses one page, on a thread of Node's pool where there is a native codec. */
export type Compress = (page: Uint8Array) => Promise<Uint8Array>;

/** A codec of pages, and its name in the file. */
export interface PageCodec {
  readonly name: CompressionCodec;
  readonly compress: Compress;
}

/** What Node's types of version 20 do not know yet. */
interface ZlibOfLaterNodes {
  readonly zstdCompress?: (
    bytes: Uint8Array,
    options: { chunkSize: number; params: Record<number, number> },
    done: (error: Error | null, result: Buffer) => void,
  ) => void;
  readonly constants: { readonly ZSTD_c_compressionLevel?: number };
}

/** Pages are dictionaries and indices, packed already: higher levels take several times as long for some percent. */
const LEVEL = 1;

/** Room for the whole result: each piece of it would be a turn of the pool's thread. */
function inOnePiece({ length }: Uint8Array): { chunkSize: number } {
  return { chunkSize: length + 1024 };
}

/** Node's own zstd, on a thread of its pool; before Node 22.15, which has none, one in WebAssembly. */
async function zstd(): Promise<PageCodec> {
  const { zstdCompress, constants } = zlib as unknown as ZlibOfLaterNodes;
  const level = constants.ZSTD_c_compressionLevel;
  if (zstdCompress === undefined || level === undefined) return { name: 'ZSTD', compress: await zstdWasm() };
  const compress = promisify(zstdCompress);
  return { name: 'ZSTD', compress: (page) => compress(page, { ...inOnePiece(page), params: { [level]: LEVEL } }) };
}

let wasm: Promise<Compress> | null = null;

function zstdWasm(): Promise<Compress> {
  wasm ??= (async () => {
    const { compress, init } = requirePackage('@bokuweb/zstd-wasm') as typeof import('@bokuweb/zstd-wasm');
    await init();
    return (page: Uint8Array) => Promise.resolve(compress(page, LEVEL));
  })();
  return wasm;
}

const gzip = promisify(zlib.gzip);

/** The codec that is asked for. */
export async function pageCodec(compression: ParquetCompression): Promise<PageCodec> {
  switch (compression) {
    case 'zstd':
      return zstd();
    case 'gzip':
      return { name: 'GZIP', compress: (page) => gzip(page, { ...inOnePiece(page), level: LEVEL }) };
    case 'snappy': {
      const { snappyCompress } = await import('hyparquet-writer/src/snappy.js');
      return { name: 'SNAPPY', compress: (page) => Promise.resolve(snappyCompress(page)) };
    }
    case 'none':
      return { name: 'UNCOMPRESSED', compress: (page) => Promise.resolve(page) };
  }
}
