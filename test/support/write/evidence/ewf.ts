import { deflateSync } from 'node:zlib';
import { adler32 } from '../../../../src/codec/zlib.js';
import { FileBuilder, padded, u16, u32, u64 } from '../../encode/bytes.js';

const DESCRIPTOR = 76;
const CHUNK = 0x8000;
const SECTOR = 512;

/** Clears the checksums of descriptors, as a writer that keeps none leaves them: then no other one is looked at. */
export function withoutChecksums(segment: Buffer): Buffer {
  const file = Buffer.from(segment);
  file.fill(0, 13 + DESCRIPTOR - 4, 13 + DESCRIPTOR);
  return file;
}

/**
 * The segments of an EWF image; each holds `chunksInSegment` chunks, every other one of them compressed.
 * @param readErrors first sector and number of sectors of what could not be acquired, for a section `error2`
 */
export function ewfBuffers(
  media: Buffer,
  chunksInSegment: number,
  readErrors: readonly (readonly [first: number, count: number])[] = [],
): Buffer[] {
  const chunkCount = Math.ceil(media.length / CHUNK);
  const segments: Buffer[] = [];
  for (let first = 0; first < chunkCount; first += chunksInSegment) {
    const file = new FileBuilder();
    file.add(Buffer.from('455646090d0aff00', 'hex'), Buffer.of(1), u16(segments.length + 1), u16(0));
    if (first === 0) section(file, 'volume', volume(chunkCount, media.length / SECTOR));
    const data = new FileBuilder();
    const entries: Buffer[] = [];
    for (let chunk = first; chunk < Math.min(chunkCount, first + chunksInSegment); chunk++) {
      const bytes = media.subarray(chunk * CHUNK, (chunk + 1) * CHUNK);
      const compressed = chunk % 2 === 0;
      const at = data.add(compressed ? deflateSync(bytes) : summed(bytes));
      entries.push(u32((compressed ? 0x8000_0000 : 0) + at));
    }
    const base = file.length + DESCRIPTOR;
    section(file, 'sectors', data.result());
    const header = Buffer.concat([u32(entries.length), u32(0), u64(base), u32(0)]);
    const table = Buffer.concat([summed(header), summed(Buffer.concat(entries))]);
    section(file, 'table', table);
    section(file, 'table2', table);
    const isLast = first + chunksInSegment >= chunkCount;
    if (isLast && readErrors.length > 0) section(file, 'error2', errorList(readErrors));
    end(file, isLast ? 'done' : 'next');
    segments.push(file.result());
  }
  return segments;
}

function section(file: FileBuilder, type: string, data: Buffer): void {
  file.add(descriptor(type, file.length + DESCRIPTOR + data.length, DESCRIPTOR + data.length), data);
}

function end(file: FileBuilder, type: string): void {
  file.add(descriptor(type, file.length, 0));
}

function descriptor(type: string, next: number, size: number): Buffer {
  return summed(Buffer.concat([padded(type, 16), u64(next), u64(size), Buffer.alloc(40)]));
}

function volume(chunks: number, sectors: number): Buffer {
  return summed(Buffer.concat([u32(1), u32(chunks), u32(CHUNK / SECTOR), u32(SECTOR), u64(sectors)], 1048));
}

function errorList(entries: readonly (readonly [first: number, count: number])[]): Buffer {
  const listed = Buffer.concat(entries.flatMap((entry) => entry.map(u32)));
  return Buffer.concat([summed(Buffer.concat([u32(entries.length)], 516)), summed(listed)]);
}

/** A structure with its Adler-32 behind it. */
function summed(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, u32(adler32(bytes))]);
}
