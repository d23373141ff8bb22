import type { GeneratedMemory } from '../../generate/memory-plan.js';
import { PAGE } from '../../generate/sparse-memory.js';
import { dumpRanges } from './crash-dump.js';
import { DUMP_HEADER, dumpHeader, type DumpHeaderOptions } from './dump-header.js';
import { layoutBuffer, writeLayout, type ImageLayout } from '../image.js';
import { packRanges, rangesOfFrames } from '../runs.js';

export interface RdmpOptions extends DumpHeaderOptions {
  /** 8 (`.dump /k`), 9 (`/ka`), 10 (`/f`); 10. */
  readonly dumpType?: 8 | 9 | 10;
  /** Every page of RAM, or only those written; only those written. */
  readonly pages?: 'all' | 'written';
}

/** A debugger's `.dump`: ranges {first frame, count} from 0x2030 on; types 8 and 9 end at frame 0, type 10 is counted. */
export function rdmpLayout(generated: GeneratedMemory, options: RdmpOptions = {}): ImageLayout {
  const { memory } = generated;
  const type = options.dumpType ?? 10;
  const ranges = dumpRanges(options.pages === 'all' ? memory.presentRanges() : rangesOfFrames(memory.writtenFrames()));
  const firstPage = Math.ceil((DUMP_HEADER + 0x30 + 16 * (ranges.length + 1)) / PAGE) * PAGE;
  const metadata = Buffer.alloc(firstPage - DUMP_HEADER);
  metadata.writeUInt32LE(0x40, 0);
  metadata.write('RDMPDUMP', 4, 'latin1');
  metadata.writeBigUInt64LE(BigInt(firstPage - 0x2020), 0x10);
  metadata.writeBigUInt64LE(BigInt(firstPage), 0x18);
  let total = 0;
  for (const [i, [start, end]] of ranges.entries()) {
    metadata.writeBigUInt64LE(BigInt(start / PAGE), 0x30 + 16 * i);
    metadata.writeBigUInt64LE(BigInt((end - start) / PAGE), 0x38 + 16 * i);
    total += (end - start) / PAGE;
  }
  if (type === 10) {
    metadata.writeBigUInt64LE(BigInt(ranges.length), 0x20);
    metadata.writeBigUInt64LE(BigInt(total), 0x28);
  }
  const packed = packRanges(memory, ranges, firstPage);
  const head = dumpHeader(generated, dumpRanges(memory.ranges), type, packed.end, options);
  return {
    byteLength: packed.end,
    parts: [{ offset: 0, bytes: head }, { offset: DUMP_HEADER, bytes: metadata }, ...packed.parts],
  };
}

export function writeRdmp(generated: GeneratedMemory, path: string, options: RdmpOptions = {}): Promise<void> {
  return writeLayout(rdmpLayout(generated, options), path);
}

export function rdmpBuffer(generated: GeneratedMemory, options: RdmpOptions = {}): Buffer {
  return layoutBuffer(rdmpLayout(generated, options));
}
