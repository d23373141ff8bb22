import type { VirtualAddress } from '../../../address.js';
import type { VirtualMemory } from '../../../memory/virtual-memory.js';
import { isPrintableTag } from '../../table/tag-name.js';
import { COUNTER_COUNT, type TrackerLayout } from '../../table/tracker-layout.js';
import type { TrackerTable } from '../../table/tracker-table.js';
import { readTable } from '../read-table.js';
import { MAX_EXPANSION_ENTRIES } from './expansion-size.js';

/** Entries read first; while all of them are in use, twice as many are read. */
const FIRST_READ = 64;
/** Nonpaged and paged bytes, in the order of COUNTERS. */
const BYTE_COUNTERS = [2, 5];
/** More bytes than any machine has, whether in use or (in a smeared image) negative. */
const ABSURD = 1n << 44n;
/** Minimum share of printable tags. One in fifty random tags is printable; real ones nearly always are. */
const MIN_PRINTABLE = 0.5;

/** Entries from an address on that may be those of an expansion table: keys that occur once, and not in table 0. */
export interface Stretch {
  readonly table: TrackerTable;
  readonly used: number;
  /** Whether a free entry ends it; otherwise something that is not an entry does, perhaps after the table's end. */
  readonly isEnded: boolean;
  /** Whether it ends at a page that is missing. */
  readonly isCut: boolean;
}

function stretchOf(table: TrackerTable, inTable: ReadonlySet<number>): Stretch {
  const counters = new BigUint64Array(COUNTER_COUNT);
  const keys = new Set<number>();
  let printable = 0;
  let used = 0;
  for (; used < table.entries; used++) {
    const key = table.key(used);
    if (!table.isReadable(used) || key === 0 || inTable.has(key) || keys.has(key)) break;
    table.counters(used, counters, 0);
    if (BYTE_COUNTERS.some((index) => BigInt.asUintN(64, counters[index]! + ABSURD) > 2n * ABSURD)) break;
    keys.add(key);
    if (isPrintableTag(key)) printable++;
  }
  if (printable < used * MIN_PRINTABLE) return { table, used: 0, isEnded: false, isCut: false };
  const isInside = used < table.entries;
  return {
    table,
    used,
    isEnded: isInside && table.key(used) === 0 && table.isReadable(used),
    isCut: isInside && !table.isReadable(used),
  };
}

/** Reads as many entries as there are. */
export async function measureStretch(
  memory: VirtualMemory,
  address: VirtualAddress,
  layout: TrackerLayout,
  inTable: ReadonlySet<number>,
): Promise<Stretch> {
  for (let entries = FIRST_READ; ; entries *= 2) {
    const stretch = stretchOf(await readTable(memory, address, layout, entries), inTable);
    if (stretch.used < entries || entries >= MAX_EXPANSION_ENTRIES) return stretch;
  }
}
