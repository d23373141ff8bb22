import { PAGE_SIZE, type VirtualAddress } from '../../address.js';
import type { Missing } from '../../errors.js';
import type { VirtualMemory } from '../../memory/virtual-memory.js';
import { type Kernel, pointersOutside, type Section, writableSections } from '../../kernel/root/root.js';
import { BIG_PAGE_HASHES, obeys, type PlacedEntry } from './big-page-law.js';
import { BIG_PAGE_LAYOUTS, type BigPageLayout, type BitField, MAX_BIG_ENTRIES, packingOf } from './big-page-layout.js';

/** A table of big pages, found and proved. */
export interface FoundBigPages {
  readonly address: VirtualAddress;
  readonly slots: number;
  readonly layout: BigPageLayout;
  /** Where in its word the pool type lies. */
  readonly poolType: BitField;
}

/** The variables of the pool lie within so many bytes of each other, but for the array of tables between them. */
const NEAR = 1n << 15n;
/** Tables have at least this many slots. */
const MIN_SLOTS = 64;

/** Powers of two among the variables near a place, the largest first: one may be the number of slots. */
function sizesNear(sections: readonly Section[], place: VirtualAddress, { memory }: Kernel): number[] {
  const sizes = new Set<number>();
  for (const { start, bytes } of sections) {
    if (place < start || place >= start + BigInt(bytes.length)) continue;
    const at = Number(place - start);
    const end = Math.min(bytes.length - memory.pointerSize, at + Number(NEAR));
    const first = Math.max(0, at - Number(NEAR));
    for (let index = first - (first % memory.pointerSize); index <= end; index += memory.pointerSize) {
      const value = bytes.readUInt32LE(index);
      if (value < MIN_SLOTS || value > MAX_BIG_ENTRIES || (value & (value - 1)) !== 0) continue;
      if (memory.pointerAt(bytes, index) === BigInt(value)) sizes.add(value);
    }
  }
  return [...sizes].sort((a, b) => b - a);
}

/** Bytes that are looked at before a whole table is read: a size near by may be large, and something else's. */
const FIRST_LOOK = 4 * PAGE_SIZE;

/** Whether the first entries may be those of such a table: some addresses of pages, and little else. */
function beginsLikeOne(memory: VirtualMemory, bytes: Buffer, layout: BigPageLayout): boolean {
  let [entries, others] = [0, 0];
  for (let at = 0; at + layout.size <= bytes.length; at += layout.size) {
    const va = memory.pointerAt(bytes, at + layout.Va);
    if (va <= 1n) continue;
    const own = va & ~1n;
    if (own % BigInt(PAGE_SIZE) === 0n && memory.pageTable.isKernelAddress(own)) entries++;
    else others++;
  }
  return entries > 0 && others <= entries / 8 + 8;
}

/** The table at an address, when its bytes, read in this layout and size, obey one of the laws. */
async function readAs(
  { memory, sharedData }: Kernel,
  address: VirtualAddress,
  slots: number,
  layout: BigPageLayout,
): Promise<FoundBigPages | null> {
  const { bytes, missing } = await memory.read(address, slots * layout.size);
  if (missing.length * 2 > bytes.length / PAGE_SIZE) return null;
  const lost = new Set(missing.map((page) => Number(page.virtualAddress - address) / PAGE_SIZE));
  const isLost = (slot: number): boolean => lost.has(Math.floor((slot * layout.size) / PAGE_SIZE));
  const entries: PlacedEntry[] = [];
  let others = 0;
  for (let slot = 0; slot < slots; slot++) {
    const va = memory.pointerAt(bytes, slot * layout.size + layout.Va);
    if (va <= 1n || isLost(slot)) continue;
    const own = va & ~1n;
    if (own % BigInt(PAGE_SIZE) === 0n && memory.pageTable.isKernelAddress(own)) entries.push({ slot, address: own });
    else if (others++ > entries.length / 8 + 8) return null;
  }
  const isUsed = (slot: number): boolean =>
    isLost(slot) || memory.pointerAt(bytes, slot * layout.size + layout.Va) > 1n;
  if (others * 64 > entries.length) return null;
  if (!BIG_PAGE_HASHES.some((hash) => obeys(entries, slots, isUsed, hash))) return null;
  const words = entries.map(({ slot }) => bytes.readUInt32LE(slot * layout.size + layout.PoolType));
  return { address, slots, layout, poolType: packingOf(words, sharedData.majorVersion) };
}

/** The widest table at an address: half of one obeys the law as well. */
async function tableAt(
  kernel: Kernel,
  address: VirtualAddress,
  sizes: readonly number[],
): Promise<FoundBigPages | null> {
  const { memory } = kernel;
  const { bytes } = await memory.read(address, FIRST_LOOK);
  const layouts = BIG_PAGE_LAYOUTS.filter(
    (layout) => layout.pointerSize === memory.pointerSize && beginsLikeOne(memory, bytes, layout),
  );
  for (const slots of layouts.length > 0 ? sizes : [])
    for (const layout of layouts) {
      const table = await readAs(kernel, address, slots, layout);
      if (table !== null) return table;
    }
  return null;
}

/**
 * Finds PoolBigPageTable without symbols: near the pointers to table 0, a pointer to a table whose entries lie where the
 * kernel's own hash law of them puts them, its size in a variable near by.
 * @param tables addresses of the tracker tables, the first processor's first
 */
export async function findBigPages(
  kernel: Kernel,
  tables: readonly VirtualAddress[],
): Promise<FoundBigPages | Missing> {
  const sections = await writableSections(kernel);
  const pointers = pointersOutside(kernel, sections, PAGE_SIZE);
  const near = pointers.get(tables[0]!) ?? [];
  const known = new Set(tables);
  const found: FoundBigPages[] = [];
  for (const [address, places] of pointers) {
    if (known.has(address)) continue;
    const place = places.find((one) => near.some((pool) => (one > pool ? one - pool : pool - one) <= NEAR));
    if (place === undefined) continue;
    const table = await tableAt(kernel, address, sizesNear(sections, place, kernel));
    if (table !== null) found.push(table);
  }
  const [only, second] = found;
  if (only === undefined)
    return { missing: 'near the pool variables no table obeys the hash law of big pages, with its size near by' };
  if (second !== undefined)
    return { missing: `near the pool variables ${found.length} tables obey the hash law of big pages` };
  return only;
}
