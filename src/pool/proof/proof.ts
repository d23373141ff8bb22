import { hashOfKey, UNKNOWN, type TagHash } from '../table/hash-law.js';
import type { TagTotal } from '../table/tag-totals.js';
import type { TrackerLayout } from '../table/tracker-layout.js';
import type { TrackerTable } from '../table/tracker-table.js';
import { pageOfSlot, slotsOnPage, type Doubt } from './doubt.js';
import { dirtyPages } from './dirty-pages.js';
import { lawOfPages, unlawfulPages } from './lawful-pages.js';
import { keysAgainstFirst } from './same-keys.js';
import { seededSlots } from './seeded-tags.js';
import { tornRows } from './torn-rows.js';
import { untouchedPages, type PageKeys } from './untouched-pages.js';

export { seededSlots } from './seeded-tags.js';
export { keysAgainstFirst } from './same-keys.js';
export { lawOfPages, type PageLaw } from './lawful-pages.js';
export { describeFacts, doubtsOf, fact, failed, held, unknown, FACTS, type Fact, type FactName } from './facts.js';
export {
  DOUBT_CODES,
  doubtWarnings,
  slotsOnPage,
  summarizeDoubts,
  type Doubt,
  type DoubtCode,
  type DoubtSummary,
  type SlotRange,
} from './doubt.js';
export { lossDoubts } from './losses.js';

/** Minimum share of the seeded tags in their slots for a table that counts as seeded. */
const SEEDED_SHARE = 0.75;

/**
 * Examines the tables of one system, one after another, for contradictions. Keeps table 0, and some numbers for each
 * page of the others.
 */
export class Examination {
  private first: TrackerTable | null = null;
  private slotOfKey: Map<number, number> | null = null;
  private readonly pages: PageKeys[] = [];
  private readonly doubts: Doubt[] = [];

  /** @param slots N; a table has N + 1 entries */
  constructor(
    private readonly layout: TrackerLayout,
    private readonly slots: number,
    private readonly hash: TagHash = hashOfKey,
  ) {}

  /** Takes the next table; table 0 comes first. */
  take(table: TrackerTable, processor: number): void {
    this.pages.push(pageKeys(table, processor, this.slots));
    this.doubts.push(...dirtyPages(table, processor, this.slots));
    if (this.first === null) {
      this.first = table;
      this.doubts.push(
        ...unlawfulPages(table, this.slots, lawOfPages(table, this.slots, this.hash)),
        ...this.seeds(table),
      );
      return;
    }
    for (const [page, { same, other }] of keysAgainstFirst(table, this.first, this.slots).entries()) {
      if (other === 0) continue;
      this.doubts.push({
        code: 'page-other-keys',
        message: `page ${page} of processor ${processor}'s table: ${other} of its ${same + other} keys are not those of table 0 at their slots`,
        slots: slotsOnPage(page, this.layout, this.slots),
      });
      this.doubts.push(...this.homesOf(table, processor, page));
    }
  }

  /** Where a page's keys belong, if elsewhere in table 0: what this processor counted there is not there. */
  private homesOf(table: TrackerTable, processor: number, page: number): Doubt[] {
    this.slotOfKey ??= new Map(Array.from(this.first!.keys(), (key, slot) => [key, slot] as const));
    const { first, last } = slotsOnPage(page, this.layout, this.slots);
    const homes = new Set<number>();
    for (let slot = first; slot <= last; slot++) {
      const key = table.key(slot);
      const home = key > 0 ? this.slotOfKey.get(key) : undefined;
      if (home !== undefined && home !== slot) homes.add(pageOfSlot(home, this.layout));
    }
    return [...homes].map((home) => ({
      code: 'page-other-keys',
      message: `page ${page} of processor ${processor}'s table holds keys of page ${home}`,
      slots: slotsOnPage(home, this.layout, this.slots),
    }));
  }

  /** Seeded tags that are not in their slots; none where the table was not seeded (ReactOS, before Windows 10). */
  private seeds(table: TrackerTable): Doubt[] {
    const missing: number[] = [];
    let there = 0;
    for (const [slot, key] of seededSlots(this.slots)) {
      if (table.key(slot) === key) there++;
      else if (table.key(slot) !== UNKNOWN) missing.push(slot);
    }
    if (there < (there + missing.length) * SEEDED_SHARE) return [];
    const pages = new Set(missing.map((slot) => pageOfSlot(slot, this.layout)));
    return [...pages].map((page) => ({
      code: 'seeds-missing',
      message: `page ${page} of table 0 lacks tags that the kernel enters before all others`,
      slots: slotsOnPage(page, this.layout, this.slots),
    }));
  }

  /**
   * All doubts, after all tables were taken.
   * @param totals the tables' sums
   */
  finish(totals: Iterable<TagTotal>): Doubt[] {
    const [first, ...others] = this.pages;
    if (first === undefined) return [];
    return [
      ...this.doubts,
      ...untouchedPages(first, others, this.layout, this.slots),
      ...tornRows(totals, this.layout, this.slots),
    ];
  }
}

function pageKeys(table: TrackerTable, processor: number, slots: number): PageKeys {
  const keys = new Array<number>(table.pageCount).fill(0);
  const isRead = Array.from({ length: table.pageCount }, (_, page) => table.hasPage(page));
  for (let slot = 0; slot < slots; slot++) {
    const key = table.key(slot);
    if (key !== 0 && key !== UNKNOWN) keys[pageOfSlot(slot, table.layout)]!++;
  }
  return { processor, keys, isRead };
}
