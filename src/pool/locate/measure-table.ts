import { PAGE_SIZE, virtualAddress, type VirtualAddress } from '../../address.js';
import type { VirtualMemory } from '../../memory/virtual-memory.js';
import { lawOfPages } from '../proof/proof.js';
import { hashOfKey, judge, MAX_SLOTS, MIN_SLOTS, type LawProof } from '../table/hash-law.js';
import { layoutsOf, type TrackerLayout } from '../table/tracker-layout.js';
import { TrackerTable } from '../table/tracker-table.js';

/** A table at an address, read as a table of N slots. */
export interface MeasuredTable {
  readonly layout: TrackerLayout;
  readonly slots: number;
  readonly proof: LawProof;
  readonly table: TrackerTable;
}

/** Pages of every candidate that are examined. */
export const FIRST_PAGES = 3;
/** Pages examined before more of the table is read; the second number applies where the first has too few keys. */
const PEEKED_PAGES = [FIRST_PAGES, 16];
const MIN_ON_PEEK = 3;
const MIN_AT_HOME = 0.3;
/** Minimum number of keys for a proof: the kernel itself seeds 64. */
const MIN_KEYS = 24;
/** Maximum share of unlawful keys on a page of the table; pages with other contents have more. */
const MAX_UNLAWFUL = 0.1;

/** The pages of a table read so far; can be extended at the end. */
class GrowingTable {
  private readonly pages: (Buffer | null)[] = [];

  constructor(
    private readonly memory: VirtualMemory,
    private readonly address: VirtualAddress,
  ) {}

  async upTo(count: number): Promise<readonly (Buffer | null)[]> {
    const have = this.pages.length;
    if (count > have) {
      const more = await this.memory.pages(virtualAddress(this.address + BigInt(have * PAGE_SIZE)), count - have);
      this.pages.push(...more.map((page) => page.bytes));
    }
    return this.pages;
  }

  async table(layout: TrackerLayout, entries: number): Promise<TrackerTable> {
    const table = new TrackerTable(layout, entries);
    (await this.upTo(table.pageCount)).forEach((page, index) => {
      if (page !== null) table.put(index, page);
    });
    return table;
  }
}

/**
 * Whether a table's keys are plausible: most of its pages with keys obey the hash law, and have enough keys. A single
 * overwritten page does not disprove the table; the examination marks the affected tags.
 */
export function isLawful(table: TrackerTable, slots: number): boolean {
  const pages = lawOfPages(table, slots).filter(({ keys }) => keys > 0);
  const good = pages.filter(({ keys, unlawful }) => unlawful <= keys * MAX_UNLAWFUL);
  const sum = good.reduce((all, page) => ({ keys: all.keys + page.keys, atHome: all.atHome + page.atHome }), {
    keys: 0,
    atHome: 0,
  });
  return good.length * 2 > pages.length && sum.keys >= MIN_KEYS && sum.atHome >= sum.keys * MIN_AT_HOME;
}

/** Keys in use on the first pages, and how many are at their home slots as far as it holds for any table size. */
function peekAt(table: TrackerTable): { keys: number; atHome: number } {
  let [keys, atHome] = [0, 0];
  for (let slot = 0; slot < table.entries; slot++) {
    const key = table.key(slot);
    if (key <= 0) continue;
    keys++;
    if (((hashOfKey(key) ^ slot) & (MIN_SLOTS - 1)) === 0) atHome++;
  }
  return { keys, atHome };
}

/** Possible layouts of the first pages at an address. */
async function layoutsAt(growing: GrowingTable, pointerSize: 4 | 8): Promise<readonly TrackerLayout[]> {
  let layouts = layoutsOf(pointerSize);
  for (const pages of PEEKED_PAGES) {
    const peek = await growing.upTo(pages);
    if (peek.every((page) => page === null)) return [];
    const peeked = await Promise.all(
      layouts.map(async (layout) => ({
        layout,
        ...peekAt(await growing.table(layout, Math.floor((pages * PAGE_SIZE) / layout.size))),
      })),
    );
    // One of them may not belong to the table: half of the usual share is enough.
    const likely = peeked.filter(({ keys, atHome }) => keys > 0 && atHome >= (keys * MIN_AT_HOME) / 2);
    const sure = likely.filter(({ atHome }) => atHome >= MIN_ON_PEEK);
    if (sure.length > 0 || likely.length === 0) return sure.map(({ layout }) => layout);
    layouts = likely.map(({ layout }) => layout);
  }
  return [];
}

/**
 * Every reading of the bytes at `address` as a table: each layout and N under which its keys obey the hash law, the
 * strongest evidence first. Half of N is obeyed too, but by half the keys, so the number of lawful minus unlawful keys
 * identifies the true N; variables with the size and mask confirm it.
 */
export async function measureTable(memory: VirtualMemory, address: VirtualAddress): Promise<MeasuredTable[]> {
  const growing = new GrowingTable(memory, address);
  const readings: (MeasuredTable & { score: number })[] = [];
  for (const layout of await layoutsAt(growing, memory.pointerSize)) {
    for (let slots = MIN_SLOTS; slots <= MAX_SLOTS; slots *= 2) {
      const table = await growing.table(layout, slots + 1);
      if (table.pagesMissing > table.pageCount / 2) break;
      const proof = judge(table.keys(), slots);
      const score = proof.lawful - 2 * (proof.keys - proof.lawful);
      if (slots > MIN_SLOTS * 8 && score < 0) break;
      if (isLawful(table, slots)) readings.push({ layout, slots, proof, table, score });
    }
  }
  return readings.sort((a, b) => b.score - a.score);
}
