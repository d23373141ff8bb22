import { createHash } from 'node:crypto';
import { decodeZlib } from '../../codec/zlib.js';
import type { Container } from '../../source/reading/container.js';

/** Flags of a page segment (afflib.h). */
const COMPRESSED = 0x01;
const ALGORITHM = 0xf0;
const ZLIB = 0x00;
const BZIP2 = 0x10;
const LZMA = 0x20;
const ZEROS = 0x30;

/** Kinds of hashes that may stand beside a page, of its bytes before compression; the fastest first. */
export const PAGE_HASHES = [
  { name: 'sha1', length: 20 },
  { name: 'sha256', length: 32 },
  { name: 'md5', length: 16 },
] as const;

/** Where a page lies. */
export interface AffPage {
  readonly container: Container;
  readonly offset: number;
  readonly stored: number;
  readonly flags: number;
}

/** A hash that is kept of a page. */
export interface AffHash {
  readonly kind: (typeof PAGE_HASHES)[number]['name'];
  readonly digest: Buffer;
}

/** Why pages of such flags cannot be read; null where they can. */
export function refusalOf(flags: number): string | null {
  if ((flags & COMPRESSED) === 0) return null;
  const algorithm = flags & ALGORITHM;
  if (algorithm === ZLIB || algorithm === ZEROS) return null;
  if (algorithm === LZMA) return 'its pages are compressed with LZMA';
  return algorithm === BZIP2
    ? 'its pages are compressed with bzip2'
    : `its pages are compressed by method ${algorithm >> 4}`;
}

/**
 * The bytes of a page, as many as it has.
 * @param limit how many it may have at most
 * @throws PoolTrackerError FORMAT_DAMAGED, also for one that does not match its hash
 */
export async function loadPage(
  number: number,
  page: AffPage,
  hash: AffHash | undefined,
  limit: number,
): Promise<Buffer> {
  const { container } = page;
  const what = `page ${number}`;
  // Incompressible data grow a little when compressed.
  if (page.stored > limit + (limit >> 3) + 0x1000)
    throw container.damaged(`${what} takes ${page.stored} bytes in it, for ${limit} bytes of memory`);
  const stored = await container.bytes(page.offset, page.stored, what);
  const bytes = await unpacked(stored, page, limit, what);
  if (hash !== undefined && !createHash(hash.kind).update(bytes).digest().equals(hash.digest))
    throw container.damaged(`${what} does not match its ${hash.kind}`);
  return bytes;
}

async function unpacked(stored: Buffer, { container, flags }: AffPage, limit: number, what: string): Promise<Buffer> {
  if ((flags & COMPRESSED) === 0) return stored;
  if ((flags & ALGORITHM) !== ZEROS) return decodeZlib(stored, limit);
  const count = stored.length === 4 ? stored.readUInt32BE(0) : limit + 1;
  if (count > limit) throw container.damaged(`${what} stands for more than ${limit} zeros`);
  return Buffer.alloc(count);
}
