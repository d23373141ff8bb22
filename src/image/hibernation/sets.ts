import { PAGE_SIZE } from '../../address.js';
import { decodeXpressHuffman, decodeXpressLz77 } from '../../codec/xpress.js';
import type { Container } from '../../source/reading/container.js';

/** More pages than this are never in one set. */
export const MAX_PAGES = 16;

export type Compression = 'stored' | 'xpress-lz77' | 'xpress-huffman';

/** Pages that were compressed together: where their data lie, and which pages they are. */
export interface CompressionSet {
  readonly offset: number;
  readonly size: number;
  readonly compression: Compression;
  /** In the order in which they come out. */
  readonly pages: readonly number[];
}

/** The pages of a set, one after another. @throws PoolTrackerError FORMAT_DAMAGED */
export async function decompressSet(
  container: Container,
  set: Omit<CompressionSet, 'pages'>,
  length: number,
): Promise<Uint8Array> {
  const data = await container.bytes(set.offset, set.size, 'compressed pages');
  if (set.compression === 'stored') return data;
  return set.compression === 'xpress-huffman' ? decodeXpressHuffman(data, length) : decodeXpressLz77(data, length);
}

/** What a set's data are, told by their size. */
export function compressionOf(size: number, pages: number, compressed: Compression): Compression {
  return size === pages * PAGE_SIZE ? 'stored' : compressed;
}
