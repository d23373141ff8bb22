import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { PAGE_SIZE } from '../../../src/address.js';
import { PoolTrackerError, type Warning } from '../../../src/errors.js';
import { openImage } from '../../../src/image/formats.js';
import { type PageStretch, StreamedMemory, stretchesOf } from '../../../src/image/pages.js';
import type { Source } from '../../../src/source/source.js';
import { BufferPool } from '../../../src/source/stream/buffer-pool.js';
import { ByteStream } from '../../../src/source/stream/byte-stream.js';

/**
 * What an image holds: a hash of each page that is not all zeros, by its address, or by its place in a stream that does not
 * tell addresses; or why it cannot be read.
 */
export type Answer =
  | { readonly pages: ReadonlyMap<number | string, string>; readonly warnings: readonly Warning[] }
  | { readonly code: string; readonly message: string; readonly hint: string | null };

const ZEROS = Buffer.alloc(PAGE_SIZE);

async function answerOf(
  open: (pool: BufferPool) => Promise<{ stretches: AsyncIterable<PageStretch>; warnings: readonly Warning[] }>,
): Promise<Answer> {
  const pool = new BufferPool(new ArrayBuffer(4 << 20), 0, 1 << 20, 4);
  let count = 0;
  const pages = new Map<number | string, string>();
  try {
    const { stretches, warnings } = await open(pool);
    for await (const { physicalAddress, bytes } of stretches) {
      for (let at = 0; at < bytes.length; at += PAGE_SIZE, count++) {
        // A segment may end within a page, of which the rest is zeros.
        const page = Buffer.concat([bytes.subarray(at, at + PAGE_SIZE)], PAGE_SIZE);
        if (!page.equals(ZEROS))
          pages.set(
            physicalAddress === null ? `page ${count}` : physicalAddress + at,
            createHash('sha256').update(page).digest('hex'),
          );
      }
      pool.release(bytes);
    }
    return { pages, warnings };
  } catch (error) {
    assert.ok(error instanceof PoolTrackerError, String(error));
    return { code: error.code, message: error.message, hint: error.hint };
  }
}

async function* closedAfter(stretches: AsyncIterable<PageStretch>, source: Source): AsyncGenerator<PageStretch> {
  try {
    yield* stretches;
  } finally {
    await source.close();
  }
}

/** What a source holds, in any container; it is closed then, with its companions. */
export function answerOfSource(source: Source): Promise<Answer> {
  return answerOf(async (pool) => {
    const image = await openImage(source);
    return { stretches: closedAfter(stretchesOf(image, pool), image.source), warnings: image.warnings };
  });
}

/** What a stream holds, in any container. */
export function answerOfStream(stream: ByteStream): Promise<Answer> {
  return answerOf((pool) => {
    const memory = new StreamedMemory(stream);
    return Promise.resolve({ stretches: memory.stretches(pool), warnings: memory.warnings });
  });
}

/** Bytes as a pipe gives them: in pieces that end at no boundary of a format. */
export async function* piecesOf(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 65_521) yield bytes.subarray(at, at + 65_521);
}

/** A pipe with these bytes. */
export function pipeOf(name: string, bytes: Buffer): ByteStream {
  return new ByteStream(name, null, piecesOf(bytes));
}
