import type { CarvedTables } from './carved-tables.js';
import type { PageCollection } from './fit/page-collection.js';
import type { PassCounts } from './page-carver.js';
import type { ShapedPages } from './fit/table-shape.js';

/** Alternatives and other tables listed at most. */
const LISTED = 64;

/** How the tables were carved, in numbers and texts. */
export interface CarveReport {
  readonly pagesSeen: number;
  readonly pagesNotZero: number;
  /** Pages with a sign of a table, and so looked at closely. */
  readonly pagesLookedAt: number;
  /** Different pages that the tables were chosen from. */
  readonly pagesFound: number;
  /** Bytes of an entry. */
  readonly entrySize: number;
  readonly tableSlots: number;
  /** Which Windows' hash law the keys obey. */
  readonly hash: 'vista' | 'xp';
  /** For each page of the table: copies found, and how many of them are live. */
  readonly copies: readonly number[];
  readonly live: readonly number[];
  /** Pages of the table of which too few were seen; how many of all processors'. */
  readonly neverSeen: readonly { readonly page: number; readonly missing: number }[];
  /** What was set aside, by what it is. */
  readonly setAside: Readonly<Record<string, number>>;
  /** Where the evidence does not decide: what was taken, what could be meant as well. */
  readonly alternatives: readonly {
    readonly page: number;
    readonly taken: number;
    readonly others: readonly string[];
    readonly why: string;
  }[];
  /** Tables of other shapes that were found, and passed over. */
  readonly otherTables: readonly {
    readonly entrySize: number;
    readonly tableSlots: number;
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
    pagesSeen: pass.pages,
    pagesNotZero: pass.used,
    pagesLookedAt: pass.looked,
    pagesFound: pages.length,
    entrySize: shape.channel.layout.size,
    tableSlots: shape.slots,
    hash: shape.channel.xp ? 'xp' : 'vista',
    copies: lives.map((live) =>
      live === null
        ? 0
        : [...live.live, ...live.setAside.map(({ placed }) => placed)].reduce((sum, { page }) => sum + page.copies, 0),
    ),
    live: lives.map((live) => live?.live.length ?? 0),
    neverSeen: places.filter(({ lost }) => lost > 0).map(({ index, lost }) => ({ page: index, missing: lost })),
    setAside: aside,
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
    otherTables: passedOver
      .filter(isTable)
      .slice(0, LISTED)
      .map(({ shape: other, pages: found, keys }) => ({
        entrySize: other.channel.layout.size,
        tableSlots: other.slots,
        pages: found.length,
        keys,
      })),
  };
}

/** Stray words obey by chance; a table has more. */
function isTable({ pages }: ShapedPages): boolean {
  return pages.reduce((sum, { page }) => sum + page.fit.score, 0) >= 60;
}
