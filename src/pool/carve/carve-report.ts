import type { CarvedTables } from './carved-tables.js';
import type { PageCollection } from './fit/page-collection.js';
import type { PassCounts } from './page-carver.js';
import type { ShapedPages } from './fit/table-shape.js';

/** Maximum number of alternatives, and of other tables, that are listed. */
const LISTED = 64;

/** How the tables were carved. */
export interface CarveReport {
  /** All pages of the image. */
  readonly pagesSeen: number;
  /** Pages that are not all zeros. */
  readonly pagesNotZero: number;
  /** Pages with a sign of a table, which were examined closely. */
  readonly pagesLookedAt: number;
  /** Different pages that the tables were chosen from. */
  readonly pagesFound: number;
  /** Bytes of an entry. */
  readonly entrySize: number;
  /** N, the hashed slots of a table. */
  readonly tableSlots: number;
  /** Which Windows' hash law the keys obey. */
  readonly hash: 'vista' | 'xp';
  /** For each page of the table, how many copies of it were found. */
  readonly copies: readonly number[];
  /** For each page of the table, how many of the copies belong to a processor's table. */
  readonly live: readonly number[];
  /** Pages of the table that were not found for every processor. */
  readonly neverSeen: readonly {
    /** Index of the page in the table. */
    readonly page: number;
    /** For how many processors it is missing. */
    readonly missing: number;
  }[];
  /** How many pages were set aside, by what they are. */
  readonly setAside: Readonly<Record<string, number>>;
  /** Pages for which the evidence does not decide. */
  readonly alternatives: readonly {
    /** Index of the page in the table. */
    readonly page: number;
    /** How many copies were taken. */
    readonly taken: number;
    /** What each copy that was not taken was set aside as. */
    readonly others: readonly string[];
    /** Why it is undecided, in a few words. */
    readonly why: string;
  }[];
  /** Tables of other shapes that were found and not used. */
  readonly otherTables: readonly {
    /** Bytes of an entry. */
    readonly entrySize: number;
    /** N, the hashed slots. */
    readonly tableSlots: number;
    /** Different pages found. */
    readonly pages: number;
    /** Number of keys on them. */
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

/** Whether the evidence exceeds that of stray words which obey by chance. */
function isTable({ pages }: ShapedPages): boolean {
  return pages.reduce((sum, { page }) => sum + page.fit.score, 0) >= 60;
}
