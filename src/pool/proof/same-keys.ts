import { UNKNOWN } from '../table/hash-law.js';
import type { TrackerTable } from '../table/tracker-table.js';
import { pageOfSlot } from './doubt.js';

/** Of one page of a table: how its keys compare with table 0's at the same slots. */
export interface KeysAgainstFirst {
  /** Keys that are table 0's. */
  readonly same: number;
  /** Keys that are not, where table 0's was read. */
  readonly other: number;
}

/**
 * Compares page by page. Every processor's table takes its keys from table 0's slot, so that one that differs was not
 * put there by the kernel, or not at the same moment.
 * @param slots N; the overflow slot is not compared: other processors' stays without a key
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
