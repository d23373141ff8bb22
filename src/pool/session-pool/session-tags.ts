import type { VirtualAddress } from '../../address.js';
import type { VirtualMemory } from '../../memory/virtual-memory.js';
import { type Consistency, consistencyOf } from '../table/consistency.js';
import { outstanding, signedCounters } from '../table/counters.js';
import { UNKNOWN } from '../table/hash-law.js';
import type { TagCounts } from '../table/tag-totals.js';
import { COUNTER_COUNT } from '../table/tracker-layout.js';
import type { TrackerTable } from '../table/tracker-table.js';
import type { SessionPlace } from './session-place.js';
import { freeSlotBefore, keysOf, readEntries, type SessionTable } from './session-table.js';

/** One tag's counters in one session. */
export interface SessionTag extends TagCounts {
  readonly nonPagedOutstanding: bigint;
  readonly pagedOutstanding: bigint;
  /** What the counters themselves show. */
  readonly consistency: Consistency;
}

interface Tags {
  readonly tags: SessionTag[];
  readonly notes: string[];
}

/** The tags of a session's table, then those of its expansion table. Rows that a doubt touches are incomplete. */
export async function tagsOf(
  memory: VirtualMemory,
  { table, size }: SessionTable,
  { table: start, expansion, identity }: SessionPlace,
): Promise<Tags> {
  const keys = keysOf(table, size);
  const notes: string[] = [];
  const seen = new Map<number, number>();
  for (const key of keys) if (key > 0) seen.set(key, (seen.get(key) ?? 0) + 1);
  // Whatever put a key where it cannot be has touched its page, or that of the slot that it passed.
  const pages = (slot: number): bigint[] => pagesOfEntry(start, slot, table.layout.size);
  const doubtful = new Set<bigint>();
  const isOdd = (slot: number): boolean => seen.get(keys[slot]!)! > 1 || slot === size - 1;
  for (let slot = 0; slot < size; slot++) {
    if (keys[slot]! <= 0) continue;
    const passed = freeSlotBefore(keys, size, slot);
    const touched = passed !== null ? [slot, passed] : isOdd(slot) ? [slot] : [];
    for (const page of touched.flatMap(pages)) doubtful.add(page);
  }
  const isOwn = identity.outcome === 'held';
  if (!isOwn) notes.push(`whether its table is its own is not proved: ${identity.detail}`);
  const tags = rowsOf(table, size, 'table', (slot) => isOwn && !pages(slot).some((page) => doubtful.has(page)));
  const odd = tags.filter(
    ({ slot, consistency }) => consistency === 'impossible' || isOdd(slot) || freeSlotBefore(keys, size, slot) !== null,
  ).length;
  if (odd > 0)
    notes.push(
      `${odd} tags of its table do not stand where the hash law puts them, or count what cannot be; what stands on the same pages is marked with them`,
    );

  // Without a free slot the next new tag goes to the expansion table.
  const isFull = keys.every((key) => key !== 0);
  if (expansion === null) return { tags, notes };
  if (typeof expansion === 'string') {
    if (isFull) notes.push(`its table is full, and further tags cannot be read: ${expansion}`);
    return { tags, notes };
  }
  const further = await readEntries(memory, expansion.address, table.layout, expansion.entries);
  const furtherKeys = further.keys();
  const known = new Set(seen.keys());
  const isGood = furtherKeys.every((key) => key <= 0 || (!known.has(key) && known.add(key)));
  if (!isFull) notes.push('it has an expansion table, though its table has free entries');
  else if (!isGood) notes.push('its expansion table holds a tag twice, or one of its table');
  if (further.pagesMissing > 0)
    notes.push(`${further.pagesMissing} of ${further.pageCount} pages of its expansion table are missing`);
  return {
    tags: [...tags, ...rowsOf(further, expansion.entries, 'expansion', () => isOwn && isFull && isGood)],
    notes,
  };
}

/** Numbers of the virtual pages that an entry lies on: one, or two. */
function pagesOfEntry(start: VirtualAddress, slot: number, entrySize: number): bigint[] {
  const first = start + BigInt(slot * entrySize);
  const [page, last] = [first >> 12n, (first + BigInt(entrySize - 1)) >> 12n];
  return page === last ? [page] : [page, last];
}

function rowsOf(
  table: TrackerTable,
  entries: number,
  place: 'table' | 'expansion',
  isCertain: (slot: number) => boolean,
): SessionTag[] {
  const { layout } = table;
  const scratch = new BigUint64Array(COUNTER_COUNT);
  const tags: SessionTag[] = [];
  for (let slot = 0; slot < entries; slot++) {
    const key = table.key(slot);
    if (key === 0 || key === UNKNOWN) continue;
    // An entry on two pages of which one is missing: the tag is there, its counts are not.
    if (!table.isReadable(slot)) continue;
    table.counters(slot, scratch, 0);
    const counters = signedCounters(layout, scratch, 0);
    const consistency = consistencyOf(counters, layout);
    tags.push({
      key,
      slot,
      place,
      counters,
      nonPagedOutstanding: outstanding(counters[0], counters[1], layout.countBits),
      pagedOutstanding: outstanding(counters[3], counters[4], layout.countBits),
      consistency,
      complete: consistency !== 'impossible' && isCertain(slot),
    });
  }
  return tags;
}
