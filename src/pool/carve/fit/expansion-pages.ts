import { PAGE_SIZE } from '../../../address.js';
import type { Doubt } from '../../proof/proof.js';
import type { TrackerLayout } from '../../table/tracker-layout.js';
import { TrackerTable } from '../../table/tracker-table.js';
import { chainsOf, pageOrder } from './expansion-chain.js';
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
    const live = fitting.filter(
      (page) => !fitting.some((other) => other !== page && pageOrder(page, other) === 'older'),
    );
    const [chain, second] = chainsOf(live, layout);
    if (chain === undefined) {
      return {
        table: null,
        doubts: [doubt('expansion-undecided', `${live.length} pages may be of it, and make no table in any order`)],
      };
    }
    const table = new TrackerTable(layout, Math.floor((chain.length * PAGE_SIZE) / layout.size));
    chain.forEach(({ bytes }, index) => table.put(index, bytes));
    const doubts: Doubt[] = [];
    if (
      second !== undefined &&
      !chain.every((page, index) => index === 0 || page.order === chain[index - 1]!.order + 1)
    )
      doubts.push(doubt('expansion-undecided', 'its pages fit together in more than one order'));
    if (this.dropped > 0) doubts.push(doubt('expansion-undecided', `${this.dropped} more pages were not kept`));
    if (!isWhole)
      doubts.push(
        doubt('expansion-unseen', "not all of the machine's memory was seen: a page may be of an outgrown copy"),
      );
    if (mayBeOutgrown(chain, fitting, layout))
      doubts.push(doubt('expansion-undecided', 'what was seen may be an outgrown copy'));
    return { table, doubts };
  }
}

/**
 * Whether the chain may hold pages of an outgrown copy: it is full, as only a copy need be; or fewer copies of a page
 * were seen than the copies of the page after it leave possible.
 */
function mayBeOutgrown(
  chain: readonly ExpansionPage[],
  fitting: readonly ExpansionPage[],
  layout: TrackerLayout,
): boolean {
  const used = chain.reduce((sum, { keys }) => sum + keys.length, 0);
  if (chain.at(-1)?.ends !== true || Math.floor((chain.length * PAGE_SIZE) / layout.size) === used) return true;
  const counts = chain.map((page) =>
    fitting.reduce((sum, other) => sum + (other === page || pageOrder(other, page) !== null ? other.copies : 0), 0),
  );
  return counts.some(
    (count, index) => index + 1 < counts.length && counts[index + 1]! > 1 && count <= counts[index + 1]!,
  );
}

function doubt(code: Doubt['code'], why: string): Doubt {
  const message = `every slot is taken, so that more tags may lie in an expansion table: ${why}`;
  return { code, message, slots: null, table: 'expansion' };
}
