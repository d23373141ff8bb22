import { UNKNOWN } from '../table/hash-law.js';
import type { TrackerTable } from '../table/tracker-table.js';
import { pageOfSlot } from './doubt.js';

/** Comparison of the keys on one page of a table with table 0's at the same slots. */
export interface KeysAgainstFirst {
  /** Number of keys that equal table 0's. */
  readonly same: number;
  /** Number of keys that differ, where table 0's was read. */
  readonly other: number;
}

/**
 * Compares page by page. Every processor's table copies its keys from table 0's slots, so a different key was not
 * written by the kernel, or not at the same time.
 * @param slots N; the overflow slot is not compared: it has no key in other processors' tables
 */
export function keysAgainstFirst(table: TrackerTable, first: TrackerTable, slots: number): KeysAgainstFirst[] {
  const pages = Array.from({ length: table.pageCount }, () => ({ same: 0, other: 0 }));
  for (let slot = 0; slot < slots; slot++) {
    const key = table.key(slot);
    if (key === 0 || key === UNKNOWN || first.key(slot) === UNKNOWN) continue;
    const page = pages[pageOfSlot(slot, table.layout)]!;
    if (key === first.key(slot)) page.same++;
    else page.other++;
  }
  return pages;
}
