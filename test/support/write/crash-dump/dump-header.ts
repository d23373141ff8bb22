import { fileTime } from '../../generate/kernel/kuser-shared-data.js';
import type { GeneratedMemory } from '../../generate/memory-plan.js';
import { MACHINES } from '../../generate/kernel/machine.js';
import { PAGE, type RamRange } from '../../generate/sparse-memory.js';

/** Bytes of the header of a 64-bit crash dump. */
export const DUMP_HEADER = 0x2000;

/** What the header says beside the memory's layout. */
export interface DumpHeaderOptions {
  /** Bit 4 marks a live dump, bit 8 an encrypted one; left as `PAGE`, as older systems do, when not given. */
  readonly attributes?: number;
}

/** The 64-bit header that every `PAGEDU64` file begins with; fields not written hold `PAGE`. */
export function dumpHeader(
  { truth }: GeneratedMemory,
  ranges: readonly RamRange[],
  dumpType: number,
  byteLength: number,
  options: DumpHeaderOptions,
): Buffer {
  const head = Buffer.alloc(DUMP_HEADER);
  for (const [start, end] of [
    [0, 0x348],
    [0x818, 0xf00],
    [0xf1c, 0xfa0],
    [0x104c, DUMP_HEADER],
  ] as const)
    head.fill('PAGE', start, end, 'latin1');
  head.write('PAGEDU64', 0, 'latin1');
  head.writeUInt32LE(0xf, 0x8);
  head.writeUInt32LE(Number(truth.build.version.split('.')[2] ?? 0), 0xc);
  const word = (offset: number, value: bigint): void => void head.writeBigUInt64LE(value, offset);
  word(0x10, BigInt(truth.dtb));
  word(0x18, truth.kernelBase + 0x1000n);
  word(0x20, truth.variables['PsLoadedModuleList'] ?? 0n);
  word(0x28, truth.variables['PsActiveProcessHead'] ?? 0n);
  head.writeUInt32LE(MACHINES[truth.pageTables].code, 0x30);
  head.writeUInt32LE(truth.tables.length, 0x34);
  head.writeUInt32LE(0xe2, 0x38);
  head.fill(0, 0x40, 0x80);
  word(0x80, truth.kdbg?.address ?? truth.variables['KdDebuggerDataBlock'] ?? 0n);
  head.writeUInt32LE(ranges.length, 0x88);
  head.writeUInt32LE(0, 0x8c);
  word(0x90, BigInt(ranges.reduce((pages, [start, end]) => pages + (end - start) / PAGE, 0)));
  for (const [i, [start, end]] of ranges.entries()) {
    // The header's own block holds 42 runs (700 bytes); a machine with more would be described by a bitmap.
    if (i >= 42) break;
    word(0x98 + i * 16, BigInt(start / PAGE));
    word(0xa0 + i * 16, BigInt((end - start) / PAGE));
  }
  head.writeUInt32LE(0x80000003, 0xf00);
  head.writeUInt32LE(dumpType, 0xf98);
  word(0xfa0, BigInt(byteLength));
  word(0xfa8, fileTime(truth.systemTime));
  word(0x1030, 864000000000n);
  head.writeUInt32LE(1, 0x1040);
  head.writeUInt32LE(0x110, 0x1044);
  if (options.attributes !== undefined) head.writeUInt32LE(options.attributes, 0x1050);
  return head;
}
