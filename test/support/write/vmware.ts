import type { GeneratedMemory } from '../generate/memory-plan.js';
import { PAGE } from '../generate/sparse-memory.js';
import { FileBuilder, padded, u16, u32, u64 } from '../encode/bytes.js';

export interface VmwareOptions {
  /** 0: sizes of 4 bytes, magic 0xBED2BED0; 2: sizes of 8 bytes, magic 0xBED2BED2. */
  readonly version?: 0 | 2;
  /** The memory in the state file, with some padding before it. */
  readonly inside?: boolean;
  /** How control registers are written: one value each, those of 32-bit guests, or all of a processor in one. */
  readonly registers?: 'CR64' | 'CR' | 'array';
  /** What the memory inside takes once it is unpacked; as much as it has when left out. */
  readonly unpackedSize?: number;
  /** List no regions: memory in one piece. */
  readonly contiguous?: boolean;
}

/** The .vmem file: the ranges of memory one after another. */
export function vmemBuffer({ memory }: GeneratedMemory): Buffer {
  return Buffer.concat([...memory.presentRanges()].map(([start, end]) => memory.read(start, end - start)));
}

/** The .vmss or .vmsn file that goes with it. */
export function vmwareStateBuffer(generated: GeneratedMemory, options: VmwareOptions = {}): Buffer {
  const version = options.version ?? 2;
  const groups = 12 + 2 * 80;
  const tags = new FileBuilder();
  const registers = [0x80050033, 0, 0, generated.truth.dtb, 0x6f8];
  if (options.registers === 'array')
    tags.add(largeTag('CR64', [0], Buffer.concat([...registers.map(u64)], 72), version));
  else
    for (const [index, value] of registers.entries())
      tags.add(options.registers === 'CR' ? tag('CR', [0, index], u32(value)) : tag('CR64', [0, index], u64(value)));
  tags.add(Buffer.alloc(2));
  const memoryAt = groups + tags.length;
  const ranges = [...generated.memory.presentRanges()];
  tags.add(tag('regionsCount', [], u32(options.contiguous === true ? 0 : ranges.length)));
  let filePage = 0;
  ranges.forEach(([start, end], index) => {
    tags.add(
      tag('regionPPN', [index], u32(start / PAGE)),
      tag('regionPageNum', [index], u32(filePage)),
      tag('regionSize', [index], u32((end - start) / PAGE)),
    );
    filePage += (end - start) / PAGE;
  });
  if (options.inside === true)
    tags.add(largeTag('Memory', [0, 0], vmemBuffer(generated), version, options.unpackedSize));
  tags.add(Buffer.alloc(2));
  const header = Buffer.concat([u32(0xbed2bed0 | version), u32(8), u32(2)]);
  const group = (name: string, offset: number): Buffer => Buffer.concat([padded(name, 64), u64(offset), u64(0)]);
  return Buffer.concat([header, group('cpu', groups), group('memory', memoryAt), tags.result()]);
}

function tag(name: string, indices: readonly number[], data: Buffer): Buffer {
  return Buffer.concat([
    Buffer.of((indices.length << 6) | data.length, name.length),
    Buffer.from(name),
    ...indices.map(u32),
    data,
  ]);
}

function largeTag(
  name: string,
  indices: readonly number[],
  data: Buffer,
  version: 0 | 2,
  unpackedSize = data.length,
): Buffer {
  const sized = version === 0 ? u32 : u64;
  const padding = 77;
  return Buffer.concat([
    Buffer.of((indices.length << 6) | 62, name.length),
    Buffer.from(name),
    ...indices.map(u32),
    sized(data.length),
    sized(unpackedSize),
    u16(padding),
    Buffer.alloc(padding),
    data,
  ]);
}
