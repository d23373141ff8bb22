import type { VirtualMemory } from '../../memory/virtual-memory.js';
import { type Consistency, consistencyOf } from '../table/consistency.js';
import { outstanding, signedCounters } from '../table/counters.js';
import { UNKNOWN } from '../table/hash-law.js';
import type { TagCounts } from '../table/tag-totals.js';
import { COUNTER_COUNT } from '../table/tracker-layout.js';
import type { TrackerTable } from '../table/tracker-table.js';
import type { SessionPlace } from './session-place.js';
import { isLawfulAt, keysOf, readEntries, type SessionTable } from './session-table.js';

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
  expansion: SessionPlace['expansion'],
): Promise<Tags> {
  const keys = keysOf(table, size);
  const notes: string[] = [];
  const seen = new Map<number, number>();
  for (const key of keys) if (key > 0) seen.set(key, (seen.get(key) ?? 0) + 1);
  const tags = rowsOf(
    table,
    size,
    'table',
    (slot) => seen.get(keys[slot]!) === 1 && slot !== size - 1 && isLawfulAt(keys, size, slot),
  );
  const odd = tags.filter(({ complete }) => !complete).length;
  if (odd > 0)
    notes.push(`${odd} tags of its table do not stand where the hash law puts them, or count what cannot be`);

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
  return { tags: [...tags, ...rowsOf(further, expansion.entries, 'expansion', () => isFull && isGood)], notes };
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
