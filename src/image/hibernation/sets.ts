import { PAGE_SIZE } from '../../address.js';
import { decodeXpressHuffman, decodeXpressLz77 } from '../../codec/xpress.js';
import type { Container } from '../../source/reading/container.js';

/** Maximum number of pages in a set. */
export const MAX_PAGES = 16;

export type Compression = 'stored' | 'xpress-lz77' | 'xpress-huffman';

/** Pages that were compressed together: the location of their data, and their page numbers. */
export interface CompressionSet {
  readonly offset: number;
  readonly size: number;
  readonly compression: Compression;
  /** In the order of the decompressed data. */
  readonly pages: readonly number[];
}

/** The concatenated pages of a set. @throws PoolTrackerError FORMAT_DAMAGED */
export async function decompressSet(
  container: Container,
  set: Omit<CompressionSet, 'pages'>,
  length: number,
): Promise<Uint8Array> {
  const data = await container.bytes(set.offset, set.size, 'compressed pages');
  if (set.compression === 'stored') return data;
  return set.compression === 'xpress-huffman' ? decodeXpressHuffman(data, length) : decodeXpressLz77(data, length);
}

/** How a set's data are compressed, derived from their size. */
export function compressionOf(size: number, pages: number, compressed: Compression): Compression {
  return size === pages * PAGE_SIZE ? 'stored' : compressed;
}
