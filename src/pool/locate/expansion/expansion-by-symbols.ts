import { hex, virtualAddress, type VirtualAddress } from '../../../address.js';
import type { Kernel } from '../../../kernel/root/root.js';
import { doubtsOf, fact, type Fact } from '../../proof/proof.js';
import type { TrackerLayout } from '../../table/tracker-layout.js';
import type { TrackerTable } from '../../table/tracker-table.js';
import { readTable } from '../read-table.js';
import { expansionSizeOf, expansionSizes, MAX_EXPANSION_ENTRIES } from './expansion-size.js';
import { expansionDoubt, NO_EXPANSION, type ExpansionFinding } from './expansion-table.js';

/** A variable's value, or why there is none. */
export type Variable = { readonly value: bigint } | { readonly missing: string };

/** The values of PoolTrackTableExpansion and PoolTrackTableExpansionSize. */
export interface ExpansionVariables {
  readonly pointer: Variable;
  readonly size: Variable;
}

/**
 * The expansion table that the kernel's variables name. It is read as far as it goes even when it does not prove: no
 * other stretch of entries may take its place.
 * @param first table 0: without a free slot, if there is an expansion table
 */
export async function expansionBySymbols(
  kernel: Kernel,
  { pointer, size }: ExpansionVariables,
  layout: TrackerLayout,
  first: TrackerTable,
  slots: number,
): Promise<ExpansionFinding> {
  const unread = (why: string): ExpansionFinding => ({
    ...NO_EXPANSION,
    doubts: [expansionDoubt('expansion-unread', `the expansion table is left out: ${why}`)],
  });
  if ('missing' in pointer) return first.hasFreeSlot(slots) ? NO_EXPANSION : unread(pointer.missing);
  if (pointer.value === 0n) return NO_EXPANSION;
  if ('missing' in size) return unread(size.missing);
  if (size.value === 0n) return NO_EXPANSION;
  if (!kernel.memory.pageTable.isKernelAddress(pointer.value) || (pointer.value & 0xfffn) !== 0n)
    return unread(`PoolTrackTableExpansion is ${hex(pointer.value)}; expected a page-aligned kernel address`);
  if (size.value > BigInt(MAX_EXPANSION_ENTRIES))
    return unread(`PoolTrackTableExpansionSize is ${size.value}; expected at most ${MAX_EXPANSION_ENTRIES}`);
  const address = virtualAddress(pointer.value);
  const entries = Number(size.value);
  const facts = await factsOf(kernel, address, entries, layout, first, slots);
  return { expansion: { address, entries }, facts, doubts: doubtsOf(facts), rejected: [] };
}

async function factsOf(
  kernel: Kernel,
  address: VirtualAddress,
  entries: number,
  layout: TrackerLayout,
  first: TrackerTable,
  slots: number,
): Promise<Fact[]> {
  const table = await readTable(kernel.memory, address, layout, entries);
  const inTable = new Set(first.keys());
  const seen = new Set<number>();
  let [used, twice, strange] = [0, 0, 0];
  for (; used < entries && table.key(used) !== 0; used++) {
    const key = table.key(used);
    if (key < 0) continue;
    if (seen.has(key)) twice++;
    if (inTable.has(key)) strange++;
    seen.add(key);
  }
  const isFull = !first.hasFreeSlot(slots);
  // A table that has grown to this size was full before; of a size that is not one of growth, nothing is known.
  const sizes = [...expansionSizes(layout)];
  const isGrown = sizes.includes(entries);
  const readable = table.keys().findLastIndex((key) => key >= 0) + 1;
  // What ends at an earlier size, where all the rest is missing, may be an outgrown copy.
  const mayBeCopy = readable < entries && sizes.some((size) => size === readable || size === readable - 1);
  const fits = !isGrown || (used === entries ? !mayBeCopy : expansionSizeOf(Math.max(1, used), layout) === entries);
  return [
    fact('expansion-size', fits, `PoolTrackTableExpansionSize is ${entries}, ${used} in use`),
    fact(
      'expansion-keys',
      twice === 0 && strange === 0 && (isFull || used === 0),
      `${used} keys: ${twice} twice, ${strange} in table 0 as well${isFull ? '' : '; table 0 has free slots'}`,
    ),
  ];
}
