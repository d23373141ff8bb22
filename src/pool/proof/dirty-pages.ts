import type { TrackerTable } from '../table/tracker-table.js';
import { pageOfSlot, slotsOnPage, type Doubt } from './doubt.js';

/**
 * Pages on which a slot without a key holds bytes. Tables are cleared when they are made, and the kernel writes the key
 * of a slot before it counts there; only the overflow slot counts without one.
 * @param slots N
 */
export function dirtyPages(table: TrackerTable, processor: number, slots: number): Doubt[] {
  const dirty = new Map<number, number>();
  for (let slot = 0; slot < slots; slot++) {
    if (table.key(slot) !== 0 || !table.hasBytes(slot)) continue;
    const page = pageOfSlot(slot, table.layout);
    dirty.set(page, (dirty.get(page) ?? 0) + 1);
  }
  return [...dirty].map(([page, count]) => ({
    code: 'page-dirty',
    message: `page ${page} of processor ${processor}'s table: ${count} slots without a key hold bytes`,
    slots: slotsOnPage(page, table.layout, slots),
  }));
}
