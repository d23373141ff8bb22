import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { PAGE_SIZE } from '../../../src/address.js';
import { PoolTrackerError, type Warning } from '../../../src/errors.js';
import { openImage } from '../../../src/image/formats.js';
import { type PageStretch, StreamedMemory, stretchesOf } from '../../../src/image/pages.js';
import { BufferPool } from '../../../src/source/stream/buffer-pool.js';
import { ByteStream } from '../../../src/source/stream/byte-stream.js';
import { BufferSource } from '../sources/buffer-source.js';

const NAME = 'the image';

/** What an image holds: a hash of each page that is not all zeros by its address; or why it cannot be read. */
export type Answer =
  | { readonly pages: ReadonlyMap<number | null, string>; readonly warnings: readonly Warning[] }
  | { readonly code: string; readonly message: string };

const ZEROS = Buffer.alloc(PAGE_SIZE);

async function answerOf(
  open: (pool: BufferPool) => Promise<{ stretches: AsyncIterable<PageStretch>; warnings: readonly Warning[] }>,
): Promise<Answer> {
  const pool = new BufferPool(new ArrayBuffer(4 << 20), 0, 1 << 20, 4);
  const pages = new Map<number | null, string>();
  try {
    const { stretches, warnings } = await open(pool);
    for await (const { physicalAddress, bytes } of stretches) {
      for (let at = 0; at < bytes.length; at += PAGE_SIZE) {
        // A segment may end within a page, of which the rest is zeros.
        const page = Buffer.concat([bytes.subarray(at, at + PAGE_SIZE)], PAGE_SIZE);
        if (!page.equals(ZEROS)) pages.set(physicalAddress! + at, createHash('sha256').update(page).digest('hex'));
      }
      pool.release(bytes);
    }
    return { pages, warnings };
  } catch (error) {
    assert.ok(error instanceof PoolTrackerError, String(error));
    return { code: error.code, message: error.message };
  }
}

/** What an image that lies in a buffer answers as a file. */
export function asFile(bytes: Buffer): Promise<Answer> {
  return answerOf(async (pool) => {
    const image = await openImage(new BufferSource(bytes, NAME));
    return { stretches: stretchesOf(image, pool), warnings: image.warnings };
  });
}

/** What it answers as a stream. */
export function throughPipe(bytes: Buffer): Promise<Answer> {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += 65_521) yield bytes.subarray(at, at + 65_521);
  }
  return answerOf((pool) => {
    const memory = new StreamedMemory(new ByteStream(NAME, null, pieces()));
    return Promise.resolve({ stretches: memory.stretches(pool), warnings: memory.warnings });
  });
}

/** What it answers either way. */
export async function same(bytes: Buffer): Promise<Answer> {
  const answer = await asFile(bytes);
  assert.deepEqual(await throughPipe(bytes), answer);
  return answer;
}
