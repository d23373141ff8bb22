import { crc32 } from '../../../src/codec/crc32.js';
import { encodeXpressLz77 } from '../encode/xpress-lz77.js';
import type { GeneratedMemory } from '../generate/memory-plan.js';
import { PAGE } from '../generate/sparse-memory.js';
import { FileBuilder, u16, u32, u64 } from '../encode/bytes.js';

const BLOCK = 1 << 20;
const KEY_TABLE = 0x1000;
const ARRAY = 7;
const NODE = 9;

export interface VmrsOptions {
  readonly memoryBlocks?: boolean;
  /** Keys for ranges of memory that are left out, by their numbers. */
  readonly withoutMemoryBlocks?: readonly number[];
  /** Changes in the replay log. */
  readonly replays?: number;
  /** A virtual machine of this architecture. */
  readonly architecture?: 'x64' | 'arm64';
}

/** A CRC-32 in place, of bytes in which it counts as zeros. */
function sealed(bytes: Buffer, at: number, length = bytes.length): Buffer {
  bytes.writeUInt32LE(crc32(bytes.subarray(0, length)), at);
  return bytes;
}

/** A Hyper-V saved state: memory in blocks, keys in tables of 4 KiB, of which one is there twice. */
export function vmrsBuffer({ memory, truth }: GeneratedMemory, options: VmrsOptions = {}): Buffer {
  const ranges = [...memory.presentRanges()];
  const bytes = Buffer.concat(ranges.map(([start, end]) => memory.read(start, end - start)));
  const file = new FileBuilder();
  file.add(Buffer.alloc(0x2000 + 0x8000));
  const objects: Buffer[] = [];
  const object = (type: number, data: Buffer): number => {
    file.align(PAGE);
    const offset = file.add(data);
    objects.push(sealed(Buffer.concat([Buffer.of(type), u32(0), u64(offset), u32(data.length), Buffer.of(1)]), 1));
    return offset;
  };
  const keys: Buffer[] = [key(NODE, 0, 'savedstate', Buffer.alloc(12))];
  for (let at = 0; at < bytes.length; at += BLOCK) {
    const value = packBlock(Buffer.concat([bytes.subarray(at, at + BLOCK)], BLOCK), at / BLOCK);
    const offset = object(3, value);
    keys.push(key(ARRAY, 1, `RamBlock${at / BLOCK}`, Buffer.concat([u32(value.length), u64(offset)])));
  }
  let page = 0;
  if (options.memoryBlocks !== false) {
    ranges.forEach(([start, end], index) => {
      const pages = (end - start) / PAGE;
      const block = Buffer.concat([u32(3), u32(0), u64(pages), u64(page), u64(start / PAGE), u64(0), u64(0)]);
      if (options.withoutMemoryBlocks?.includes(index) !== true)
        keys.push(key(ARRAY, 0, `RamMemoryBlock${index}`, Buffer.concat([u32(block.length), block])));
      page += pages;
    });
  }
  const state = partitionState(truth.dtb, options.architecture ?? 'x64');
  keys.push(key(ARRAY, 1, 'partition_state', Buffer.concat([u32(state.length), u64(object(3, state))])));
  const stale = keyTable(2, 0, [key(ARRAY, 0, 'RamBlock0', Buffer.concat([u32(64), Buffer.alloc(64)]))]);
  let table: Buffer[] = [];
  let number = 1;
  for (const entry of [...keys, null]) {
    if (entry !== null && 10 + [...table, entry].reduce((sum, part) => sum + part.length, 0) <= KEY_TABLE) {
      table.push(entry);
      continue;
    }
    object(2, keyTable(number, 5, table));
    if (number === 2) object(2, stale);
    number++;
    table = entry === null ? [] : [entry];
  }
  const result = file.result();
  sealed(Buffer.concat([u32(0x01110003), u32(0), u32(options.replays ?? 0), Buffer.alloc(34)]), 4).copy(result, 0x9000);
  header(7).copy(result, 0);
  header(8).copy(result, 0x1000);
  Buffer.concat([u32(0x01110001), u32(objects.length), ...objects]).copy(result, 0x2000);
  return result;
}

function header(sequence: number): Buffer {
  const fields = [u16(sequence), u32(0x400), u64(0), u32(0x1000), u64(0x9000), u64(0x1000), u32(0x22)];
  return sealed(Buffer.concat([u32(0x01282014), u32(0), ...fields]), 4);
}

function key(type: number, flags: number, name: string, data: Buffer): Buffer {
  const text = Buffer.from(`${name}\0`);
  const size = 21 + text.length + data.length;
  const fields = [Buffer.of(type, flags), u32(size), u16(1), u32(10), u32(0), u32(1), Buffer.of(text.length)];
  return sealed(Buffer.concat([...fields, text, data]), 12);
}

function keyTable(index: number, sequence: number, entries: readonly Buffer[]): Buffer {
  return sealed(Buffer.concat([u16(2), u16(index), u16(sequence), u32(0), ...entries], KEY_TABLE), 6, 10);
}

/** Processor state: chunks behind a descriptor, of two processors, the first also at another level of trust. */
function partitionState(root: number, architecture: 'x64' | 'arm64'): Buffer {
  const chunk = (id: number, data: Buffer): Buffer => Buffer.concat([u32(id), u32(data.length), u64(0), data]);
  const vendor = architecture === 'x64' ? 0 : 0x10;
  const registers = (value: number): Buffer =>
    architecture === 'x64'
      ? chunk(0x30007000, Buffer.concat([u64(0x80050033), u64(0), u64(value), u64(0x6f8), u64(0), u64(0xd01)]))
      : chunk(0x3000a000, Buffer.concat([u64(0x1000), u64(value), u64(0), u64(0)]));
  const chunks = [
    chunk(0, Buffer.concat([u32(0x50546475), u32(0), u32(vendor)], 4064)),
    chunk(0x20001000, Buffer.alloc(16)),
    chunk(0x30001000, Buffer.concat([u32(0)], 16)),
    chunk(0x3001a000, Buffer.concat([u32(0)], 16)),
    registers(root),
    chunk(0x3001a000, Buffer.concat([u32(1)], 16)),
    registers(0x7000),
    chunk(0x30001000, Buffer.concat([u32(1)], 16)),
    registers(root + 0x1000),
    chunk(0xf0000000, Buffer.alloc(0)),
  ];
  const body = Buffer.concat([Buffer.alloc(16), ...chunks]);
  return Buffer.concat([u64(24), u64(24), u64(24 + body.length), body]);
}

/** Every third block is stored; the others use each kind of token. */
function packBlock(block: Buffer, number: number): Buffer {
  if (number % 3 === 2) return block;
  const out: Buffer[] = [];
  for (let at = 0; at < block.length; at += PAGE) {
    const page = block.subarray(at, at + PAGE);
    const packed = encodeXpressLz77(page);
    if (page.equals(Buffer.alloc(PAGE, page.subarray(0, 8)))) {
      out.push(
        number % 2 ? u32(0xfffffffe) : u32(0xfffffffd),
        page.subarray(0, 8),
        number % 2 ? Buffer.alloc(0) : u32(1),
      );
    } else if (packed.length >= PAGE) out.push(u32(PAGE), page);
    else if (at % (8 * PAGE) === 0) out.push(u32(0xfffffffc), u32(PAGE), u32(packed.length), packed);
    else out.push(u32(packed.length), packed);
  }
  return Buffer.concat([...out, u32(0xffffffff)]);
}
