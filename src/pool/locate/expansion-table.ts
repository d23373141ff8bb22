import { virtualAddress, type VirtualAddress } from '../../address.js';
import type { Kernel } from '../../kernel/root/root.js';
import { readTable } from './read-table.js';
import { tagName } from '../table/tag-name.js';
import { COUNTER_COUNT, type TrackerLayout } from '../table/tracker-layout.js';
import type { TrackerTable } from '../table/tracker-table.js';

/** The kernel grows the expansion table as needed; no kernel has this many tags. */
export const MAX_EXPANSION_ENTRIES = 1 << 16;

/** Entries read first; while all of them are in use, twice as many are read. */
const FIRST_READ = 64;

/** Nonpaged and paged bytes, in the order of COUNTERS. */
const BYTE_COUNTERS = [2, 5];
/** More bytes than any machine has, whether in use or (in a smeared image) negative. */
const ABSURD = 1n << 44n;

/** Minimum share of printable tags. One in fifty random tags is printable; real ones nearly always are. */
const MIN_PRINTABLE = 0.5;

/** An expansion table found only by its structure. */
export interface FoundExpansion {
  readonly address: VirtualAddress;
  readonly entries: number;
  /** False when the bytes after the entries also look like entries, so that the table's end is a guess. */
  readonly isCertain: boolean;
}

/** A range of possible expansion table entries. */
interface Stretch {
  readonly used: number;
  /**
   * Whether a free entry ends it; otherwise something that is not an entry does, perhaps long after the end of the
   * table.
   */
  readonly isEnded: boolean;
}

function isPlausible(
  table: TrackerTable,
  entry: number,
  first: ReadonlySet<number>,
  counters: BigUint64Array,
): boolean {
  if (!table.isReadable(entry) || first.has(table.key(entry))) return false;
  table.counters(entry, counters, 0);
  return BYTE_COUNTERS.every((index) => BigInt.asUintN(64, counters[index]! + ABSURD) <= 2n * ABSURD);
}

function stretchOf(table: TrackerTable, first: ReadonlySet<number>): Stretch {
  const counters = new BigUint64Array(COUNTER_COUNT);
  let printable = 0;
  let used = 0;
  while (used < table.entries && table.key(used) !== 0 && isPlausible(table, used, first, counters)) {
    if (!tagName(table.key(used)).includes('\\')) printable++;
    used++;
  }
  if (printable < used * MIN_PRINTABLE) return { used: 0, isEnded: false };
  return { used, isEnded: used < table.entries && table.key(used) === 0 };
}

async function measureStretch(
  kernel: Kernel,
  address: VirtualAddress,
  layout: TrackerLayout,
  first: ReadonlySet<number>,
): Promise<Stretch> {
  for (let entries = FIRST_READ; ; entries *= 2) {
    const stretch = stretchOf(await readTable(kernel.memory, address, layout, entries), first);
    if (stretch.used < entries || entries >= MAX_EXPANSION_ENTRIES) return stretch;
  }
}

/** The largest value of a variable that is at most `limit`; 0 when there is none. */
function largestCount(variables: Buffer, limit: number): number {
  let largest = 0;
  for (let at = 0; at + 8 <= variables.length; at += 8) {
    const value = variables.readBigUInt64LE(at);
    if (value <= BigInt(limit) && Number(value) > largest) largest = Number(value);
  }
  return largest;
}

/**
 * Finds the expansion table without symbols. Tags go there only when every slot is taken, so a table with a free slot
 * needs no search. Otherwise a variable near PoolTrackTable points to entries whose tags are not in table 0. They end
 * at the first free entry; a full table ends where the variable with its size says.
 * @param variables the kernel's data around PoolTrackTable
 */
export async function findExpansion(
  kernel: Kernel,
  layout: TrackerLayout,
  first: TrackerTable,
  slots: number,
  variables: Buffer,
): Promise<FoundExpansion | null> {
  const keys = new Set<number>();
  for (let slot = 0; slot < slots; slot++) {
    if (first.key(slot) === 0) return null;
    keys.add(first.key(slot));
  }
  let best: FoundExpansion | null = null;
  const tried = new Set<bigint>();
  for (let at = 0; at + 8 <= variables.length; at += 8) {
    const address = variables.readBigUInt64LE(at);
    if ((address & 0xfffn) !== 0n || tried.has(address) || !kernel.memory.pageTable.isKernelAddress(address)) continue;
    tried.add(address);
    const stretch = await measureStretch(kernel, virtualAddress(address), layout, keys);
    const entries = stretch.isEnded ? stretch.used : largestCount(variables, stretch.used);
    if (entries > (best?.entries ?? 0))
      best = { address: virtualAddress(address), entries, isCertain: entries === stretch.used };
  }
  return best;
}
