import { PAGE_SIZE } from '../../address.js';
import { breathe } from '../../breathe.js';
import type { Warning } from '../../errors.js';
import { isPrintableTag } from '../table/tag-name.js';
import type { TrackerTable } from '../table/tracker-table.js';
import { areNeighbours, assembleTables, type Place } from './choose/assemble-tables.js';
import { choosePages, type LivePages } from './choose/live-pages.js';
import { familiesOf, farthestKey, type PageFamily } from './choose/page-families.js';
import { unseenShares } from './choose/unseen-shares.js';
import { doubtAmongCopies, mainTables, rivalsOf } from './choose/rivals.js';
import type { ExpansionPages } from './fit/expansion-pages.js';
import { type CarvedPage, type UnplacedPage, type PageCollection, wordsOf } from './fit/page-collection.js';
import { pageCount, type PlacedPage, type ShapedPages, shapesOf, type TableShape } from './fit/table-shape.js';
import { placeKeyless } from './fit/keyless-places.js';
import { placeSparse } from './fit/sparse-places.js';
import { undecidedPages } from './fit/undecided-pages.js';
import type { PageCarver } from './page-carver.js';

/** Tables assembled from pages. */
export interface CarvedTables {
  readonly shape: TableShape;
  readonly places: readonly Place[];
  /** The number of processors, by majority of the places. */
  readonly processors: number;
  /** Table 0 first; the processors of the others are unknown. */
  readonly tables: readonly TrackerTable[];
  /** Pages that may be of the expansion table; null when table 0 has a free slot, so that there is none. */
  readonly expansions: ExpansionPages | null;
  /** Other kinds of tables that were found and not used. */
  readonly passedOver: readonly ShapedPages[];
  /** Families of pages at the same places whose keys contradict those of the tables. */
  readonly strangers: readonly PageFamily[];
  /** Slots whose tags may have an unseen share in some table, although none of their pages is known to be lost. */
  readonly partial: ReadonlySet<number>;
  /** Why the tables of another system are equally possible; null when there is no reason. */
  readonly rivals: string | null;
  /** Reasons why totals may be wrong. */
  readonly warnings: readonly Warning[];
  /** What touches no total. */
  readonly notes: readonly Warning[];
}

/** Evidence, in bits, from which a family of pages needs no confirmation: one or two stray words have less. */
const BELIEVABLE_FAMILY = 16;
/** Evidence from which a family certainly belongs to a table. */
const SURE_FAMILY = 30;
/** Minimum probability for treating an unseen page as all zeros. */
const LIKELY_EMPTY = 0.005;

/** Assembles the tables; null when the pages are too few or their evidence too weak. @throws the signal's reason */
export async function carveTables(
  { collection, expansions }: Pick<PageCarver, 'collection' | 'expansions'>,
  signal?: AbortSignal,
): Promise<CarvedTables | null> {
  const shapes = shapesOf(collection.pages);
  const main = mainTables(shapes);
  if (main === null) return null;
  const others = shapes.filter((one) => one !== main);
  const { shape } = main;
  const byPlace = new Map<number, PlacedPage[]>();
  for (const placed of [...main.pages, ...undecidedPages(main, others), ...overflowPages(collection.overflow, shape)]) {
    const list = byPlace.get(placed.index);
    if (list === undefined) byPlace.set(placed.index, [placed]);
    else list.push(placed);
  }
  const farthest = farthestKey(byPlace.values(), shape);
  const found = new Map<number, LivePages>();
  const families: PageFamily[] = [];
  const strangers: PageFamily[] = [];
  for (const [index, pages] of byPlace) {
    await breathe(signal);
    const [family, ...rest] = familiesOf(index, pages, shape, farthest);
    strangers.push(...rest.filter(({ score: evidence }) => evidence >= SURE_FAMILY));
    if (family !== undefined && isBelievable(family, byPlace)) families.push(family);
  }
  for (const family of families) {
    await breathe(signal);
    found.set(family.index, await choosePages(family, shape));
  }
  await admitSparse(collection.sparse, families, found, shape);
  for (const family of families) {
    await breathe(signal);
    await anchorToNeighbours(family, found, shape);
  }
  if (found.size === 0) return null;
  doubtAmongCopies(found);
  const processors = commonCount([...found.values()]);
  for (const live of found.values()) found.set(live.index, withCountDoubt(live, processors));
  const places = placesOf(found, shape, processors);
  const most = Math.max(processors, ...[...found.values()].map(({ live }) => live.length));
  await breathe(signal);
  const { tables, severed } = assembleTables(places, shape, most);
  const partial = new Set([
    ...severed,
    ...places.flatMap((place) => unseenShares(place, shape, processors)),
    ...places.flatMap(({ live }) => live?.disputed ?? []),
  ]);
  const notes = placeKeyless(collection.keyless, tables, shape);
  return {
    shape,
    places,
    processors,
    tables,
    expansions: tables[0]!.hasFreeSlot(shape.slots) ? null : expansions,
    strangers,
    partial,
    passedOver: others,
    rivals: rivalsOf(main, others, strangers),
    warnings: [...warningsOf(collection), ...partialWarnings(partial)],
    notes,
  };
}

/** Adds pages that are identified by table 0's keys, now known; and chooses again where there are any. */
async function admitSparse(
  sparse: readonly UnplacedPage[],
  families: PageFamily[],
  found: Map<number, LivePages>,
  shape: TableShape,
): Promise<void> {
  const known = new Map(families.flatMap(({ keys }) => [...keys]));
  const placed = placeSparse(sparse, known, shape);
  for (const [at, family] of families.entries()) {
    const more = placed.filter(({ index }) => index === family.index);
    if (more.length === 0) continue;
    const grown = { ...family, pages: [...family.pages, ...more] };
    families[at] = grown;
    found.set(grown.index, await choosePages(grown, shape));
  }
}

/** Pages that begin with `Ovfl` and hold nothing else, if the overflow slot has a page of its own. */
function overflowPages(pages: readonly UnplacedPage[], shape: TableShape): PlacedPage[] {
  const { channel, slots } = shape;
  const { size } = channel.layout;
  const index = pageCount(shape) - 1;
  if ((slots * size) % PAGE_SIZE !== 0) return [];
  const fit = { channel, slots, page: index, score: SURE_FAMILY, keys: 1, atHome: 0, dirty: 0 };
  return pages
    .map((page): CarvedPage => ({ ...page, fit }))
    .filter((page) =>
      wordsOf(page)
        .subarray(size / 4)
        .every((word) => word === 0),
    )
    .map((page) => ({ page, index }));
}

/** Whether a family is more than a coincidence: by evidence, confirmation by a second page, or a neighbour. */
function isBelievable(
  { score: evidence, pages, index, keys }: PageFamily,
  places: ReadonlyMap<number, readonly PlacedPage[]>,
): boolean {
  if (evidence >= BELIEVABLE_FAMILY || pages.length > 1) return true;
  const isNeighbour = [-1, 1].some((side) =>
    (places.get(index + side) ?? []).some((placed) => areNeighbours(placed, pages[0]!)),
  );
  return isNeighbour || [...keys.values()].every(isPrintableTag);
}

/**
 * Repeats a choice that is doubtful, or that took another page for table 0's, when a page's physical neighbours identify
 * it as table 0's: its pages come from one allocation.
 */
async function anchorToNeighbours(family: PageFamily, found: Map<number, LivePages>, shape: TableShape): Promise<void> {
  const { doubt, live, cost } = found.get(family.index)!;
  for (const side of [-1, 1]) {
    const beside = found.get(family.index + side);
    const first = beside?.doubt === null ? beside.live[0] : undefined;
    const anchor = first === undefined ? undefined : family.pages.find((placed) => areNeighbours(first, placed));
    if (anchor === undefined) continue;
    // A page that was seen more than once is known by the place of one copy only.
    const isUnique = first!.page.copies === 1 && anchor.page.copies === 1;
    if (doubt === null && (live[0]?.page === anchor.page || !isUnique)) continue;
    const again = await choosePages(family, shape, anchor.page);
    // A choice without a doubt is given up only for one that adds up better.
    if (doubt === null && (again.doubt !== null || again.cost >= cost)) continue;
    found.set(family.index, again);
    return;
  }
}

/** The number of live pages per place, by majority of keys. */
function commonCount(found: readonly LivePages[]): number {
  const weights = new Map<number, number>();
  for (const { live, keys } of found) weights.set(live.length, (weights.get(live.length) ?? 0) + keys);
  return [...weights].reduce((best, entry) => (entry[1] > best[1] ? entry : best))[0];
}

/** Doubts more pages than processors; and fewer, if sums are inconsistent or pages were rejected only for balance. */
function withCountDoubt(live: LivePages, processors: number): LivePages {
  const doubt = live.doubt ?? countDoubt(live, processors);
  return doubt === live.doubt ? live : { ...live, doubt };
}

function countDoubt({ live: { length: count }, setAside, cost }: LivePages, processors: number): string | null {
  if (count > processors) return `${count} pages are live as far as can be told, of ${processors} processors`;
  if (count === processors) return null;
  if (cost >= 1) return `${count} pages of ${processors} processors' were seen, and their sums are out of balance`;
  // A sum may balance by chance without a live page: a rejected page that is no copy may be the missing one.
  const open = setAside.filter(({ as }) => as === 'out of balance').length;
  return open > 0
    ? `${count} pages of ${processors} processors' are in balance, and ${open} more that are no copies of them are not`
    : null;
}

function placesOf(found: ReadonlyMap<number, LivePages>, shape: TableShape, processors: number): Place[] {
  const last = pageCount(shape) - 1;
  const lives = [...found.values()];
  const keys = lives.reduce((sum, live) => sum + live.keys, 0);
  const pages = (shape.slots * shape.channel.layout.size) / PAGE_SIZE;
  const emptyPlace = Math.exp(-keys / pages);
  const untouched = shareUntouched(lives);
  return Array.from({ length: last + 1 }, (_, index): Place => {
    const live = found.get(index) ?? null;
    const holdsOverflowOnly = index === last && (shape.slots * shape.channel.layout.size) % PAGE_SIZE === 0;
    if (live === null) return { index, live, lost: emptyPlace >= LIKELY_EMPTY || holdsOverflowOnly ? 0 : processors };
    const unseen = processors - live.live.length;
    return { index, live, lost: unseen > 0 && untouched ** live.keys < LIKELY_EMPTY ? unseen : 0 };
  });
}

/** Share of table 0's keys that another processor never touched. */
function shareUntouched(lives: readonly LivePages[]): number {
  let could = 0;
  let touched = 0;
  for (const { live, keys } of lives) {
    could += keys * (live.length - 1);
    for (const { page } of live.slice(1)) touched += page.fit.keys;
  }
  return could === 0 ? 1 : Math.max(0, 1 - touched / could);
}

function warningsOf({ dropped }: PageCollection): Warning[] {
  const warnings: Warning[] = [];
  if (dropped > 0)
    warnings.push({
      code: 'carve-crowded',
      message: `${dropped} pages that may be of tables were left out: more were found than are kept`,
    });
  return warnings;
}

function partialWarnings(partial: ReadonlySet<number>): Warning[] {
  if (partial.size === 0) return [];
  return [
    {
      code: 'shares-unseen',
      message: `${partial.size} tags may have a share on a page that was not recognised, or lie where copies of a page hold other keys; they are marked incomplete`,
    },
  ];
}
