import { PAGE_SIZE, type VirtualAddress } from '../../address.js';
import type { Missing } from '../../errors.js';
import { fetchedAhead } from '../../memory/read-ahead.js';
import type { VirtualMemory, VirtualStretch } from '../../memory/virtual-memory.js';
import { type Kernel, pointersOutside, type Section, writableSections } from '../../kernel/root/root.js';
import { obeysLaw } from './big-page-law.js';
import { BIG_PAGE_LAYOUTS, type BigPageLayout, type BitField, MAX_BIG_ENTRIES, packingOf } from './big-page-layout.js';
import { slotChunks } from './big-page-slots.js';

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

/**
 * Bytes that are looked at before a whole table is read: a size near by may be large, and something else's. The first
 * page refutes nearly all that is none; that of a table may be empty.
 */
const FIRST_LOOKS = [PAGE_SIZE, 4 * PAGE_SIZE] as const;
const firstLook = ({ address }: { readonly address: VirtualAddress }): VirtualStretch[] => [
  { address, length: FIRST_LOOKS[0] },
];
/** Slots that are read in all: twice as many as the largest table has. A hostile image has any number of candidates. */
const MAX_EXAMINED = 2 * MAX_BIG_ENTRIES;

/** Pool types that are looked at to tell how they are packed. */
const MAX_WORDS = 1 << 12;

/** Counts what slots hold: addresses of pages, and words that are none. */
class Census {
  entries = 0;
  private others = 0;

  constructor(
    private readonly memory: VirtualMemory,
    private readonly layout: BigPageLayout,
  ) {}

  /** The address in the slot at an offset, without the bit that marks it free. */
  take(bytes: Buffer, at: number): bigint | 'never used' | 'no address' {
    const { memory, layout } = this;
    const address = memory.pointerAt(bytes, at + layout.Va) & ~1n;
    if (address === 0n) return 'never used';
    const isEntry = address % BigInt(PAGE_SIZE) === 0n && memory.pageTable.isKernelAddress(address);
    if (isEntry) this.entries++;
    else this.others++;
    return isEntry ? address : 'no address';
  }

  /** Whether what was counted so far may be of such a table. */
  get isLikely(): boolean {
    return this.others <= this.entries / 8 + 8;
  }

  get isSure(): boolean {
    return this.entries > 0 && this.others * 64 <= this.entries;
  }
}

/** The layouts in which the first entries may be those of such a table: little else than addresses of pages. */
async function layoutsAt(memory: VirtualMemory, address: VirtualAddress): Promise<readonly BigPageLayout[]> {
  let layouts = BIG_PAGE_LAYOUTS.filter(({ pointerSize }) => pointerSize === memory.pointerSize);
  for (const length of FIRST_LOOKS) {
    const { bytes } = await memory.read(address, length);
    layouts = layouts.filter((layout) => {
      const census = new Census(memory, layout);
      for (let at = 0; at + layout.size <= length; at += layout.size) census.take(bytes, at);
      return census.isLikely && (census.entries > 0 || length < FIRST_LOOKS[1]);
    });
    if (layouts.length === 0) break;
  }
  return layouts;
}

/** The table at an address, when its bytes, read in this layout and size, obey one of the laws. */
async function readAs(
  { memory, sharedData }: Kernel,
  { address, slots, layout }: Omit<FoundBigPages, 'poolType'>,
  budget: { slots: number },
): Promise<FoundBigPages | null> {
  const addresses = new BigUint64Array(slots);
  const used = new Uint8Array(slots);
  const words: number[] = [];
  const census = new Census(memory, layout);
  const pages = Math.ceil((slots * layout.size) / PAGE_SIZE);
  let lost = 0;
  for await (const { first, count, bytes, missing } of slotChunks(memory, address, slots, layout.size)) {
    for (let index = 0; index < count; index++) {
      const own = census.take(bytes, index * layout.size);
      if (own === 'never used') continue;
      used[first + index] = 1;
      if (own === 'no address') continue;
      addresses[first + index] = own;
      if (words.length < MAX_WORDS) words.push(bytes.readUInt32LE(index * layout.size + layout.PoolType));
    }
    lost += missing.length;
    for (const page of missing) markLost(Number(page - address), slots, layout, addresses, used);
    budget.slots -= count;
    if (lost * 2 > pages || !census.isLikely || budget.slots < 0) return null;
  }
  if (!census.isSure || !obeysLaw({ addresses, used })) return null;
  return { address, slots, layout, poolType: packingOf(words, sharedData.majorVersion) };
}

/** Slots with a byte on a missing page tell nothing, and may have been used. */
function markLost(
  offset: number,
  slots: number,
  { size }: BigPageLayout,
  addresses: BigUint64Array,
  used: Uint8Array,
): void {
  const end = Math.min(slots, Math.ceil((offset + PAGE_SIZE) / size));
  for (let slot = Math.max(0, Math.floor(offset / size)); slot < end; slot++) {
    addresses[slot] = 0n;
    used[slot] = 1;
  }
}

/** The widest table at an address: half of one obeys the law as well. */
async function tableAt(
  kernel: Kernel,
  address: VirtualAddress,
  sizes: () => readonly number[],
  budget: { slots: number },
): Promise<FoundBigPages | null> {
  const layouts = await layoutsAt(kernel.memory, address);
  for (const slots of layouts.length > 0 ? sizes() : [])
    for (const layout of layouts) {
      const table = await readAs(kernel, { address, slots, layout }, budget);
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
  const budget = { slots: MAX_EXAMINED };
  const candidates = [...pointers].flatMap(([address, places]) => {
    const place = places.find((one) => near.some((pool) => (one > pool ? one - pool : pool - one) <= NEAR));
    return place === undefined || known.has(address) ? [] : [{ address, place }];
  });
  for await (const { address, place } of fetchedAhead(kernel.memory, candidates, firstLook)) {
    const table = await tableAt(kernel, address, () => sizesNear(sections, place, kernel), budget);
    if (table !== null) found.push(table);
  }
  if (budget.slots < 0)
    return { missing: 'near the pool variables more may be the table of big pages than is looked at' };
  const [only, second] = found;
  if (only === undefined)
    return { missing: 'near the pool variables no table obeys the hash law of big pages, with its size near by' };
  if (second !== undefined)
    return { missing: `near the pool variables ${found.length} tables obey the hash law of big pages` };
  return only;
}
