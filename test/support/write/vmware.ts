import type { GeneratedMemory } from '../generate/memory-plan.js';
import { PAGE } from '../generate/sparse-memory.js';
import { FileBuilder, padded, u16, u32, u64 } from '../encode/bytes.js';

export interface VmwareOptions {
  /** 0: sizes of 4 bytes, magic 0xBED2BED0; 2: sizes of 8 bytes, magic 0xBED2BED2. */
  readonly version?: 0 | 2;
  /** The memory in the state file, with some padding before it. */
  readonly inside?: boolean;
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
  for (const register of [0, 3, 4])
    tags.add(tag('CR64', [0, register], u64(register === 3 ? generated.truth.dtb : 0x80050033)));
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
  if (options.inside === true) tags.add(largeTag('Memory', [0, 0], vmemBuffer(generated), version));
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

function largeTag(name: string, indices: readonly number[], data: Buffer, version: 0 | 2): Buffer {
  const size = version === 0 ? u32(data.length) : u64(data.length);
  const padding = 77;
  return Buffer.concat([
    Buffer.of((indices.length << 6) | 62, name.length),
    Buffer.from(name),
    ...indices.map(u32),
    size,
    size,
    u16(padding),
    Buffer.alloc(padding),
    data,
  ]);
}
