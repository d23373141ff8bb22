import { PAGE_SIZE } from '../../../address.js';
import type { Doubt } from '../../proof/proof.js';
import type { TrackerLayout } from '../../table/tracker-layout.js';
import { TrackerTable } from '../../table/tracker-table.js';
import { chainsOf, entriesOfPage, entryOrder } from './expansion-chain.js';
import { type ExpansionPage, fitExpansion } from './expansion-page.js';

const MAX_KEPT = 256;

/** What was put together of an expansion table's pages. */
export interface CarvedExpansion {
  /** Null when there is none, or not all of it was seen. */
  readonly table: TrackerTable | null;
  /** Why its tags may be wrong or missing. */
  readonly doubts: readonly Doubt[];
}

/** Collects possible pages of the expansion table until its existence and layout are known. */
export class ExpansionPages {
  private readonly pages = new Map<string, ExpansionPage>();
  private dropped = 0;

  /** @param order sequence number in the stream */
  offer(page: Uint8Array, order: number): void {
    const fit = fitExpansion(page);
    if (fit === null) return;
    const bytes = Buffer.alloc(PAGE_SIZE);
    bytes.set(page);
    const text = bytes.toString('latin1');
    const known = this.pages.get(text);
    if (known !== undefined) known.copies++;
    else if (this.pages.size < MAX_KEPT) this.pages.set(text, { bytes, order, copies: 1, ...fit });
    else this.dropped++;
  }

  /**
   * Assembles the expansion table. Each time it grew it left a copy, which is older at every key and full; what is left
   * of the pages when the older ones are taken away must make one table, in one order, with a free entry.
   * @param inTable keys that have slots, and so are not in the expansion table
   * @param isWhole whether all of the machine's memory was seen
   */
  assemble(layout: TrackerLayout, inTable: ReadonlySet<number>, isWhole: boolean): CarvedExpansion {
    const fitting = [...this.pages.values()].filter(
      (page) => page.layout === layout && !page.keys.some((key) => inTable.has(key)),
    );
    if (fitting.length === 0) return { table: null, doubts: [doubt('expansion-unseen', 'none was found')] };
    const entries = new Map(fitting.map((page) => [page, entriesOfPage(page)] as const));
    const order = (one: ExpansionPage, other: ExpansionPage): ReturnType<typeof entryOrder> =>
      entryOrder(layout, entries.get(one)!, entries.get(other)!);
    const live = fitting.filter((page) => !fitting.some((other) => other !== page && order(page, other) === 'older'));
    const { chains, mayBeMore } = chainsOf(live, layout);
    const [chain] = chains;
    if (chain === undefined) {
      return {
        table: null,
        doubts: [doubt('expansion-undecided', `${live.length} pages may be of it, and make no table in any order`)],
      };
    }
    const table = new TrackerTable(layout, Math.floor((chain.length * PAGE_SIZE) / layout.size));
    chain.forEach(({ bytes }, index) => table.put(index, bytes));
    const doubts: Doubt[] = [];
    if (mayBeMore && !chain.every((page, index) => index === 0 || page.order === chain[index - 1]!.order + 1))
      doubts.push(doubt('expansion-undecided', 'its pages fit together in more than one order'));
    if (this.dropped > 0) doubts.push(doubt('expansion-undecided', `${this.dropped} more pages were not kept`));
    if (!isWhole)
      doubts.push(
        doubt('expansion-unseen', "not all of the machine's memory was seen: a page may be of an outgrown copy"),
      );
    const copies = chain.map((page) => seenOf(page, fitting, order));
    if (mayBeOutgrown(chain, copies, layout))
      doubts.push(doubt('expansion-undecided', 'what was seen may be an outgrown copy'));
    return { table, doubts };
  }
}

/** How many pages were seen that are states of this one, itself among them. */
function seenOf(
  page: ExpansionPage,
  fitting: readonly ExpansionPage[],
  order: (one: ExpansionPage, other: ExpansionPage) => unknown,
): number {
  const states = fitting.filter((other) => other === page || order(other, page) !== null);
  return states.reduce((sum, { copies }) => sum + copies, 0);
}

/**
 * Whether the chain may hold pages of an outgrown copy: it is full, as only a copy need be; or fewer states of a page
 * were seen than the states of the page after it leave possible.
 */
function mayBeOutgrown(chain: readonly ExpansionPage[], seen: readonly number[], { size }: TrackerLayout): boolean {
  const used = chain.reduce((sum, { keys }) => sum + keys.length, 0);
  if (chain.at(-1)?.ends !== true || Math.floor((chain.length * PAGE_SIZE) / size) === used) return true;
  return seen.some((count, index) => index + 1 < seen.length && seen[index + 1]! > 1 && count <= seen[index + 1]!);
}

function doubt(code: Doubt['code'], why: string): Doubt {
  const message = `every slot is taken, so that more tags may lie in an expansion table: ${why}`;
  return { code, message, slots: null, table: 'expansion' };
}
