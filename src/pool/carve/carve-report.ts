import type { CarvedTables } from './carved-tables.js';
import type { PageCollection } from './fit/page-collection.js';
import type { PassCounts } from './page-carver.js';
import type { ShapedPages } from './fit/table-shape.js';

/** Alternatives listed in a record at most. */
const LISTED = 64;

/** What the image record tells of how the tables were carved; numbers and texts only, to be written as JSON. */
export interface CarveReport {
  readonly pages_seen: number;
  readonly pages_not_zero: number;
  readonly pages_looked_at: number;
  /** Different pages that the tables were chosen from. */
  readonly pages_found: number;
  readonly entry_size: number;
  readonly table_slots: number;
  readonly hash: 'vista' | 'xp';
  /** For each page of the table: copies found, and how many of them are live. */
  readonly copies: readonly number[];
  readonly live: readonly number[];
  /** Pages of the table of which too few were seen; how many of all processors'. */
  readonly never_seen: readonly { readonly page: number; readonly missing: number }[];
  /** What was set aside, by what it is. */
  readonly set_aside: Readonly<Record<string, number>>;
  /** Where the evidence does not decide: what was taken, what could be meant as well. */
  readonly alternatives: readonly {
    readonly page: number;
    readonly taken: number;
    readonly others: readonly string[];
    readonly why: string;
  }[];
  readonly other_tables: readonly {
    readonly entry_size: number;
    readonly table_slots: number;
    readonly pages: number;
    readonly keys: number;
  }[];
}

export function carveReport(carved: CarvedTables, { pages }: PageCollection, pass: PassCounts): CarveReport {
  const { shape, places, passedOver, strangers } = carved;
  const lives = places.map(({ live }) => live);
  const aside: Record<string, number> = {};
  for (const live of lives) for (const { as } of live?.setAside ?? []) aside[as] = (aside[as] ?? 0) + 1;
  if (strangers.length > 0) aside["another system's"] = strangers.reduce((sum, family) => sum + family.pages.length, 0);
  return {
    pages_seen: pass.pages,
    pages_not_zero: pass.used,
    pages_looked_at: pass.looked,
    pages_found: pages.length,
    entry_size: shape.channel.layout.size,
    table_slots: shape.slots,
    hash: shape.channel.xp ? 'xp' : 'vista',
    copies: lives.map((live) =>
      live === null
        ? 0
        : [...live.live, ...live.setAside.map(({ placed }) => placed)].reduce((sum, { page }) => sum + page.copies, 0),
    ),
    live: lives.map((live) => live?.live.length ?? 0),
    never_seen: places.filter(({ lost }) => lost > 0).map(({ index, lost }) => ({ page: index, missing: lost })),
    set_aside: aside,
    alternatives: lives
      .flatMap((live) =>
        live?.doubt == null
          ? []
          : [
              {
                page: live.index,
                taken: live.live.length,
                others: live.setAside.map(({ as }) => as),
                why: live.doubt,
              },
            ],
      )
      .slice(0, LISTED),
    other_tables: passedOver
      .filter(isTable)
      .slice(0, LISTED)
      .map(({ shape: other, pages: found, keys }) => ({
        entry_size: other.channel.layout.size,
        table_slots: other.slots,
        pages: found.length,
        keys,
      })),
  };
}

/** Stray words obey by chance; a table has more. */
function isTable({ pages }: ShapedPages): boolean {
  return pages.reduce((sum, { page }) => sum + page.fit.score, 0) >= 60;
}
