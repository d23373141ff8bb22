import { hex } from '../../address.js';
import { readBytes, type Source } from '../../source/source.js';
import { ChunkedSource, listedChunks, type Chunk } from '../../source/reading/chunked-source.js';
import type { Container } from '../../source/reading/container.js';

const HEADER = 0x1000;
const RECORD_HEADER = 16;

/** A record with this offset ends the stream. */
const END = -1n;

/** Maximum size of a piece of the view, so that a cache can hold it. */
const MAX_PIECE = 1 << 20;

const MAX_PIECES = 1 << 22;

/** Maximum number of bytes that were never written; writers omit only some blocks of a header. */
const MAX_HOLES = 1 << 30;

/** Pieces of the view, each contiguous in the flattened file; one array per field, since there are millions. */
class Pieces {
  readonly starts: number[] = [];
  readonly lengths: number[] = [];
  /** Offsets in the flattened file; -1: nothing was written there. */
  readonly offsets: number[] = [];

  get count(): number {
    return this.starts.length;
  }

  get end(): number {
    return this.count === 0 ? 0 : this.starts[this.count - 1]! + this.lengths[this.count - 1]!;
  }

  add(start: number, length: number, offset: number): void {
    for (let done = 0; done < length; done += MAX_PIECE) {
      this.starts.push(start + done);
      this.lengths.push(Math.min(MAX_PIECE, length - done));
      this.offsets.push(offset < 0 ? offset : offset + done);
    }
  }
}

export function isFlattened(head: Buffer): boolean {
  return head.toString('latin1', 0, 12) === 'makedumpfile';
}

/**
 * The original file of a flattened one: records {offset, size}, big-endian, each followed by its bytes, in the order
 * in which they were written (makedumpfile's IMPLEMENTATION, "flattened format").
 * @throws PoolTrackerError FORMAT_DAMAGED
 */
export async function flattenedView(container: Container): Promise<Source> {
  const pieces = withoutGaps(await listRecords(container), container);
  const load = (chunk: Chunk): Promise<Buffer> => {
    const offset = pieces.offsets[chunk.index]!;
    return offset < 0 ? Promise.resolve(Buffer.alloc(chunk.length)) : readBytes(container.source, offset, chunk.length);
  };
  return new ChunkedSource([container.source], { ...listedChunks(pieces.starts, pieces.end), load });
}

async function listRecords(container: Container): Promise<Pieces> {
  const { byteLength } = container.source;
  const records = new Pieces();
  for (let offset = HEADER; offset + RECORD_HEADER <= byteLength;) {
    const header = await container.bytes(offset, RECORD_HEADER, 'a record header');
    const start = header.readBigInt64BE(0);
    const size = header.readBigInt64BE(8);
    if (start === END) break;
    if (start < 0n || size <= 0n || start + size > BigInt(Number.MAX_SAFE_INTEGER) || records.count >= MAX_PIECES) {
      throw container.damaged(`the record at file offset ${hex(offset)} is to hold ${size} bytes for offset ${start}`);
    }
    offset += RECORD_HEADER;
    records.add(Number(start), Math.min(Number(size), byteLength - offset), offset);
    offset += Number(size);
  }
  return records;
}

/** The records by target offset, with zeros between them; a later record replaces an earlier one at the same offset. */
function withoutGaps(records: Pieces, container: Container): Pieces {
  const order = Uint32Array.from(records.starts.keys()).sort(
    (a, b) => records.starts[a]! - records.starts[b]! || b - a,
  );
  const pieces = new Pieces();
  let holes = 0;
  let written = 0;
  for (const record of order) {
    const start = records.starts[record]!;
    const overlap = pieces.end - start;
    if (overlap > 0 && record > written) {
      throw container.damaged(
        `two records write to ${hex(start)} of what it stands for, and the second in the middle of the first`,
      );
    }
    const length = records.lengths[record]! - Math.max(0, overlap);
    if (length <= 0) continue;
    if (overlap < 0) {
      holes -= overlap;
      if (holes > MAX_HOLES)
        throw container.damaged(`nothing is written for ${holes} bytes before ${hex(start)} of what it stands for`);
      pieces.add(pieces.end, -overlap, -1);
    }
    const skipped = Math.max(0, overlap);
    pieces.add(start + skipped, length, records.offsets[record]! + skipped);
    written = record;
  }
  return pieces;
}
