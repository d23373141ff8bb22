import type { GeneratedMemory } from '../../generate/memory-plan.js';
import { PAGE, type RamRange } from '../../generate/sparse-memory.js';
import { fileTime } from '../../generate/kernel/kuser-shared-data.js';
import { padded, u32, u64 } from '../../encode/bytes.js';
import { dumpRanges } from './crash-dump.js';
import { rangesOfFrames } from '../runs.js';

const HEADER = 0x1000;

/** A 32-bit crash dump (`PAGEDUMP`), full or with a bitmap of the pages that were written. */
export function crashDump32Buffer({ memory, truth }: GeneratedMemory, dumpType: 1 | 5 = 1): Buffer {
  const all = dumpRanges(memory.ranges);
  const ranges = dumpType === 1 ? all : dumpRanges(rangesOfFrames(memory.writtenFrames()));
  const head = Buffer.alloc(HEADER, 'PAGE', 'latin1');
  const put = (offset: number, bytes: Uint8Array): void => head.set(bytes, offset);
  put(0, padded('PAGEDUMP', 8));
  put(0x8, u32(15));
  const pointer = (address: bigint | undefined): Buffer => u32(Number(BigInt.asUintN(32, address ?? 0n)));
  put(0xc, u32(Number(truth.build.version.split('.')[2] ?? 0)));
  put(0x10, u32(truth.dtb));
  put(0x18, pointer(truth.variables['PsLoadedModuleList']));
  put(0x20, u32(0x14c));
  put(0x24, u32(truth.tables.length));
  put(0x5c, Buffer.of(truth.pageTables === 'x86' ? 0 : 1));
  put(0x60, pointer(truth.kdbg?.address));
  put(0x64, u32(all.length));
  put(0x68, u32(all.reduce((sum, [start, end]) => sum + (end - start) / PAGE, 0)));
  all.forEach(([start, end], index) =>
    put(0x6c + index * 8, Buffer.concat([u32(start / PAGE), u32((end - start) / PAGE)])),
  );
  put(0xf88, u32(dumpType));
  put(0xfc0, u64(fileTime(truth.systemTime)));
  const pages = ranges.map(([start, end]) => memory.read(start, end - start));
  return Buffer.concat(dumpType === 1 ? [head, ...pages] : [head, bitmap(memory.byteLength / PAGE, ranges), ...pages]);
}

function bitmap(bits: number, ranges: readonly RamRange[]): Buffer {
  const firstPage = Math.ceil((HEADER + 0x38 + bits / 8) / PAGE) * PAGE;
  const bytes = Buffer.alloc(firstPage - HEADER);
  bytes.write('FDMPDUMP', 'latin1');
  let present = 0;
  for (const [start, end] of ranges) {
    for (let frame = start / PAGE; frame < end / PAGE; frame++, present++)
      bytes[0x38 + (frame >> 3)]! |= 1 << (frame & 7);
  }
  bytes.set(Buffer.concat([u64(firstPage), u64(present), u64(bits)]), 0x20);
  return bytes;
}
