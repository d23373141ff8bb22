import type { ObjectBuild } from '../kernel/kernel-structures.js';
import type { PoolSpace } from '../tracker/pool-space.js';
import { PAGE } from '../sparse-memory.js';

export interface WrittenHandleTable {
  /** Of the HANDLE_TABLE. */
  readonly address: bigint;
  /** Pages of entries and of pointers. */
  readonly pages: number;
}

const POINTERS = PAGE / 8;

/** An entry's first word: the pointer as it is with lock bits (Windows 7), or in the upper 44 bits (since Windows 8.1). */
export function encodeEntry(pointer: bigint, { structures }: ObjectBuild): bigint {
  const entry = structures['handleTableEntry'] ?? {};
  if (entry['ObjectPointerBits.bit'] === undefined) return pointer | 1n;
  return BigInt.asUintN(64, (((pointer & 0xffffffffffffn) >> 4n) << 20n) | 0x1ffffn);
}

/**
 * Writes a HANDLE_TABLE and its pages.
 * @param entries what each handle (a multiple of 4) points to
 * @param leastLevel levels of pointer pages at least; as many as the handles need
 */
export function writeHandleTable(
  pool: PoolSpace,
  build: ObjectBuild,
  entries: ReadonlyMap<number, bigint>,
  leastLevel = 0,
): WrittenHandleTable {
  const { handleTable = {}, handleTableEntry = {}, handleTableFreeList = {} } = build.structures;
  const perPage = PAGE / (handleTableEntry['size'] ?? 16);
  let pages = 0;
  const leaf = (first: number): bigint => {
    const page = pool.allocate(PAGE, PAGE);
    pages++;
    for (let index = 0; index < perPage; index++) {
      const pointer = entries.get((first + index) * 4);
      if (pointer !== undefined)
        pool.space.writeU64(page + BigInt(index * (handleTableEntry['size'] ?? 16)), encodeEntry(pointer, build));
    }
    return page;
  };
  const highest = Math.max(0, ...[...entries.keys()].map((handle) => handle / 4));
  const below = (level: number, first: number): bigint => {
    if (level === 0) return leaf(first);
    const page = pool.allocate(PAGE, PAGE);
    pages++;
    const span = perPage * POINTERS ** (level - 1);
    for (let index = 0; index < POINTERS && first + index * span <= highest; index++) {
      pool.space.writeU64(page + BigInt(index * 8), below(level - 1, first + index * span));
    }
    return page;
  };
  let level = leastLevel;
  while (highest >= perPage * POINTERS ** level) level++;
  const code = below(level, 0) | BigInt(level);
  const address = pool.allocate(handleTable['size'] ?? 128);
  pool.space.writeU64(address + BigInt(handleTable['TableCode'] ?? 0), code);
  const countAt =
    handleTable['HandleCount'] ?? (handleTable['FreeLists'] ?? 0) + (handleTableFreeList['HandleCount'] ?? 0);
  const count = Buffer.alloc(4);
  count.writeUInt32LE(entries.size);
  pool.space.write(address + BigInt(countAt), count);
  return { address, pages };
}
