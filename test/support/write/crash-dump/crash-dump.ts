import type { GeneratedMemory } from '../../generate/memory-plan.js';
import { PAGE, type RamRange, type SparseMemory } from '../../generate/sparse-memory.js';
import { DUMP_HEADER, dumpHeader, type DumpHeaderOptions } from './dump-header.js';
import { layoutBuffer, writeLayout, type ImageLayout } from '../image.js';
import { packRanges, rangesOfFrames } from '../runs.js';

export interface CrashDumpOptions extends DumpHeaderOptions {
  /** 1 full, 5 full bitmap, 6 kernel bitmap; 1. */
  readonly dumpType?: 1 | 5 | 6;
  /** Bitmap dumps: every page of RAM, or only those written (the default for 6, smaller for 5 too). */
  readonly pages?: 'all' | 'written';
  /** Signature of the bitmap header, which the type does not settle: `FDMP` for 5, `SDMP` for 6. */
  readonly signature?: 'FDMP' | 'SDMP';
}

/** 64-bit Windows crash dump (`PAGEDU64`). Page 0 is never in one. */
export function crashDumpLayout(generated: GeneratedMemory, options: CrashDumpOptions = {}): ImageLayout {
  const type = options.dumpType ?? 1;
  return type === 1 ? fullDump(generated, options) : bitmapDump(generated, type, options);
}

export function writeCrashDump(
  generated: GeneratedMemory,
  path: string,
  options: CrashDumpOptions = {},
): Promise<void> {
  return writeLayout(crashDumpLayout(generated, options), path);
}

export function crashDumpBuffer(generated: GeneratedMemory, options: CrashDumpOptions = {}): Buffer {
  return layoutBuffer(crashDumpLayout(generated, options));
}

/** Ranges without page 0. */
export function dumpRanges(ranges: Iterable<RamRange>): RamRange[] {
  return [...ranges].map(([start, end]) => [Math.max(start, PAGE), end] as const).filter(([start, end]) => start < end);
}

function fullDump(generated: GeneratedMemory, options: DumpHeaderOptions): ImageLayout {
  const ranges = dumpRanges(generated.memory.presentRanges());
  const packed = packRanges(generated.memory, ranges, DUMP_HEADER);
  return {
    byteLength: packed.end,
    parts: [{ offset: 0, bytes: dumpHeader(generated, ranges, 1, packed.end, options) }, ...packed.parts],
  };
}

function bitmapDump(generated: GeneratedMemory, type: 5 | 6, options: CrashDumpOptions): ImageLayout {
  const { memory } = generated;
  const bits = memory.byteLength / PAGE;
  const ranges = dumpedRanges(memory, options.pages ?? 'written');
  const firstPage = Math.ceil((DUMP_HEADER + 0x38 + bits / 8) / PAGE) * PAGE;
  const summary = Buffer.alloc(firstPage - DUMP_HEADER);
  let present = 0;
  for (const [start, end] of ranges) {
    present += (end - start) / PAGE;
    for (let frame = start / PAGE; frame < end / PAGE; frame++) {
      const at = 0x38 + (frame >> 3);
      summary.writeUInt8(summary.readUInt8(at) | (1 << (frame & 7)), at);
    }
  }
  summary.write(`${options.signature ?? (type === 5 ? 'FDMP' : 'SDMP')}DUMP`, 0, 'latin1');
  summary.writeBigUInt64LE(BigInt(firstPage), 0x20);
  summary.writeBigUInt64LE(BigInt(present), 0x28);
  summary.writeBigUInt64LE(BigInt(bits), 0x30);
  const packed = packRanges(memory, ranges, firstPage);
  const head = dumpHeader(generated, dumpRanges(memory.ranges), type, packed.end, options);
  return {
    byteLength: packed.end,
    parts: [{ offset: 0, bytes: head }, { offset: DUMP_HEADER, bytes: summary }, ...packed.parts],
  };
}

function dumpedRanges(memory: SparseMemory, pages: 'all' | 'written'): RamRange[] {
  return dumpRanges(pages === 'all' ? memory.presentRanges() : rangesOfFrames(memory.writtenFrames()));
}
