import { PAGE_SIZE, virtualAddress, type VirtualAddress } from '../../address.js';
import type { VirtualMemory } from '../../memory/virtual-memory.js';
import { hashOfKey, MIN_SLOTS, MAX_SLOTS } from '../table/hash-law.js';
import { isProved, judge, type LawProof } from '../table/hash-law.js';
import { X64_LAYOUTS, type TrackerLayout } from '../table/tracker-layout.js';
import { TrackerTable } from '../table/tracker-table.js';

/** A table whose layout and size follow from the hash law. */
export interface MeasuredTable {
  readonly layout: TrackerLayout;
  readonly slots: number;
  readonly proof: LawProof;
  readonly table: TrackerTable;
}

/** Pages examined before more of the table is read; the small table of a fresh system has few keys on each. */
const PEEKED_PAGES = 3;
const MIN_ON_PEEK = 3;
const MIN_AT_HOME = 0.3;

/** Keys at home before N is judged. */
const MIN_TO_JUDGE = 24;
/** When N is really twice as large, all keys at home stay there under 2N; when it is not, half of them do. */
const MIN_TO_GROW = 0.6;

/** The pages of a table that have been read; grows at its end. */
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

/** How many of the first `count` slots have keys, and how many of these are at home when N is `slots`. */
function census(table: TrackerTable, count: number, slots: number): { keys: number; atHome: number } {
  let keys = 0;
  let atHome = 0;
  for (let slot = 0; slot < count; slot++) {
    const key = table.key(slot);
    if (key <= 0) continue;
    keys++;
    if ((hashOfKey(key) & (slots - 1)) === slot) atHome++;
  }
  return { keys, atHome };
}

/**
 * Layout and N of the table at `address`, derived from where its keys lie; null when it is not a table. Of all pairs
 * for which it is proved, the one with the most keys is taken, since a table cut to half its N obeys the law as well.
 */
export async function measureTable(
  memory: VirtualMemory,
  address: VirtualAddress,
  layouts: readonly TrackerLayout[] = X64_LAYOUTS,
): Promise<MeasuredTable | null> {
  const growing = new GrowingTable(memory, address);
  const peek = await growing.upTo(PEEKED_PAGES);
  if (peek.every((page) => page === null)) return null;
  let best: MeasuredTable | null = null;
  for (const layout of layouts) {
    const peeked = Math.floor((PEEKED_PAGES * PAGE_SIZE) / layout.size);
    const { keys, atHome } = census(await growing.table(layout, peeked), Math.min(peeked, MIN_SLOTS), MIN_SLOTS);
    if (atHome < MIN_ON_PEEK || atHome < keys * MIN_AT_HOME) continue;
    const found = await measureAs(growing, layout);
    if (found !== null && (best === null || found.proof.lawful > best.proof.lawful)) best = found;
  }
  return best;
}

async function measureAs(growing: GrowingTable, layout: TrackerLayout): Promise<MeasuredTable | null> {
  let best: MeasuredTable | null = null;
  for (let slots = MIN_SLOTS; slots <= MAX_SLOTS; slots *= 2) {
    const table = await growing.table(layout, slots + 1);
    if (table.pagesMissing > table.pageCount / 2) break;
    const here = census(table, slots, slots);
    if (here.atHome < here.keys * MIN_AT_HOME) break;
    const proof = judge(table.keys(), slots);
    if (isProved(proof) && (best === null || proof.lawful > best.proof.lawful)) best = { layout, slots, proof, table };
    const doubled = census(table, slots, slots * 2);
    if (here.atHome >= MIN_TO_JUDGE && doubled.atHome < here.atHome * MIN_TO_GROW) break;
  }
  return best;
}
