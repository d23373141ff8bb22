import { growthSince } from '../table/counters.js';
import { COUNTER_COUNT } from '../table/tracker-layout.js';
import type { TrackerTable } from '../table/tracker-table.js';

/** The order in time of two states of a table, as far as their counts show it. */
export type TimeOrder = 'older' | 'same' | 'newer' | 'neither' | 'unrelated';

/** The same order, seen from the other table. */
export const REVERSED: Readonly<Record<TimeOrder, TimeOrder>> = {
  older: 'newer',
  same: 'same',
  newer: 'older',
  neither: 'neither',
  unrelated: 'unrelated',
};

/** Maximum share of different keys: two states of one table have the same tag at nearly every slot used in both. */
const MAX_OTHER_KEYS = 1 / 8;

/**
 * Compares two tables of one layout and size by the counters that only grow, at the slots where both have the same key:
 * the state in which all of them are lower or equal is the older one. A key missing in one is evidence too: keys are
 * never removed.
 */
export function timeOrder(one: TrackerTable, other: TrackerTable, slots: number): TimeOrder {
  if (one.layout !== other.layout) return 'unrelated';
  const [a, b] = [new BigUint64Array(COUNTER_COUNT), new BigUint64Array(COUNTER_COUNT)];
  let [same, different, less, more] = [0, 0, 0, 0];
  for (let slot = 0; slot < slots; slot++) {
    if (!one.isReadable(slot) || !other.isReadable(slot)) continue;
    const [key, otherKey] = [one.key(slot), other.key(slot)];
    if (key === 0 && otherKey === 0) continue;
    if (key !== otherKey) {
      if (key === 0) less++;
      else if (otherKey === 0) more++;
      else different++;
      continue;
    }
    same++;
    if (one.equals(other, slot)) continue;
    one.counters(slot, a, 0);
    other.counters(slot, b, 0);
    const { ahead, behind } = growthSince(one.layout, a, b);
    more += ahead;
    less += behind;
  }
  if (same === 0 || different > (same + different) * MAX_OTHER_KEYS) return 'unrelated';
  if (less === 0 && more === 0) return different === 0 ? 'same' : 'neither';
  if (more === 0) return 'older';
  return less === 0 ? 'newer' : 'neither';
}
