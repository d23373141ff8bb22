import { PAGE_SIZE } from '../../address.js';
import { decodeXpressHuffman, decodeXpressLz77 } from '../../codec/xpress.js';
import type { Warning } from '../../errors.js';
import type { Container } from '../../source/reading/container.js';

export type Compression = 'stored' | 'xpress-lz77' | 'xpress-huffman';

/** Pages that were compressed together: the location of their data, and their page numbers. */
export interface CompressionSet {
  readonly offset: number;
  readonly size: number;
  readonly compression: Compression;
  /** In the order of the decompressed data. */
  readonly pages: readonly number[];
}

/** What was passed over since it could not be read. */
export class LostPages {
  private readonly problems: string[] = [];
  private pages = 0;

  /** @param pages how many were lost for certain; null when that only shows at the end */
  tell(problem: string, pages: number | null): void {
    this.problems.push(problem);
    this.pages += pages ?? 0;
  }

  get warnings(): Warning[] {
    const [first] = this.problems;
    if (first === undefined) return [];
    const more = this.problems.length - 1;
    const pages = this.pages === 0 ? '' : ` (${this.pages} pages)`;
    return [
      {
        code: 'image-damaged',
        message: `the hibernation file is damaged: ${first}${more === 0 ? '' : `, and at ${more} more places`}; what it held${pages} counts as missing`,
      },
    ];
  }
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
