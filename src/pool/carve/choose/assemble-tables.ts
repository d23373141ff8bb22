import { PAGE_SIZE } from '../../../address.js';
import { TrackerTable } from '../../table/tracker-table.js';
import type { LivePages } from './live-pages.js';
import { wordsOf } from '../fit/page-collection.js';
import { entriesOnPage, pageCount, slotAcross, type PlacedPage, type TableShape } from '../fit/table-shape.js';

const ZEROS = new Uint8Array(PAGE_SIZE);

/** What is known about one place of all tables. */
export interface Place {
  readonly index: number;
  /** Null when no page of the place was kept. */
  readonly live: LivePages | null;
  /** Number of tables whose page was never seen and cannot be all zeros. */
  readonly lost: number;
}

/** Assembled tables, and where the assembly is uncertain. */
export interface AssembledTables {
  /** Table 0 first. */
  readonly tables: readonly TrackerTable[];
  /** Slots of entries across two pages, one of which was not seen in some table. */
  readonly severed: readonly number[];
}

/** Whether the last entry that begins on a page reaches into the next one, and holds a key. */
function reachesOut(page: PlacedPage | null, shape: TableShape): boolean {
  if (page === null) return false;
  const slot = slotAcross(page.index + 1, shape);
  return slot !== null && wordsOf(page.page)[(slot * shape.channel.layout.size - page.index * PAGE_SIZE) / 4] !== 0;
}

/** Whether an entry that began on the page before ends on this one with a counter that is not 0. */
function reachesIn(
  page: PlacedPage | null,
  {
    channel: {
      layout: { size },
    },
  }: TableShape,
): boolean {
  if (page === null) return false;
  const first = Math.ceil((page.index * PAGE_SIZE) / size) * size - page.index * PAGE_SIZE;
  return wordsOf(page.page)
    .subarray(0, first / 4)
    .some((word) => word !== 0);
}

/** Whether the distance of two pages in physical memory, or in the stream if unknown, is the same as in a table. */
export function areNeighbours(one: PlacedPage, other: PlacedPage): boolean {
  const apart = other.index - one.index;
  const [here, there] = [one.page.physicalAddress, other.page.physicalAddress];
  if (here !== null && there !== null) return here + apart * PAGE_SIZE === there;
  return one.page.order + apart === other.page.order;
}

/**
 * Assembles tables from live pages. The processor of a page, apart from table 0's, is seldom known: physical neighbours
 * belong together, and a page that begins with the rest of an entry continues one that ends with its key. That suffices
 * for the sums, which do not depend on the order of the pages.
 * @param processors number of tables to assemble
 */
export function assembleTables(places: readonly Place[], shape: TableShape, processors: number): AssembledTables {
  const tables = Array.from({ length: processors }, () => new TrackerTable(shape.channel.layout, shape.slots + 1));
  const severed: number[] = [];
  let before: (PlacedPage | null)[] = tables.map(() => null);
  for (let index = 0; index < pageCount(shape); index++) {
    const place = places[index]!;
    const row = arrange(place, before, shape);
    row.forEach((page, processor) => {
      if (page !== null) tables[processor]!.put(index, page.page.bytes);
    });
    // An entry continues here from the previous page: such a page is not empty, so lost pages are assigned there first.
    const goesOn = before.map((page) => reachesOut(page, shape));
    const without = [...row.keys()].filter((processor) => row[processor] === null).reverse();
    without.sort((one, other) => Number(goesOn[other]) - Number(goesOn[one]));
    for (const processor of without.slice(place.lost)) tables[processor]!.put(index, ZEROS);
    if (isSevered(row, goesOn, shape)) severed.push(slotAcross(index, shape)!);
    before = row;
  }
  return { tables, severed };
}

/** One page for each table; null where a table has none there. */
function arrange({ live }: Place, before: readonly (PlacedPage | null)[], shape: TableShape): (PlacedPage | null)[] {
  const row: (PlacedPage | null)[] = before.map(() => null);
  if (live === null) return row;
  const [first, ...others] = live.live;
  row[0] = first ?? null;
  const rest = new Set(others);
  const put = (wanted: (page: PlacedPage, previous: PlacedPage | null) => boolean): void => {
    for (let processor = 1; processor < row.length; processor++) {
      if (row[processor] !== null) continue;
      const page = [...rest].find((candidate) => wanted(candidate, before[processor]!));
      if (page === undefined) continue;
      row[processor] = page;
      rest.delete(page);
    }
  };
  const continues = (page: PlacedPage): boolean => reachesIn(page, shape);
  const goesOn = (previous: PlacedPage | null): boolean => reachesOut(previous, shape);
  const beside = (page: PlacedPage, previous: PlacedPage | null): boolean =>
    previous !== null && areNeighbours(previous, page);
  put((page, previous) => continues(page) && goesOn(previous) && beside(page, previous));
  put((page, previous) => continues(page) && goesOn(previous));
  put((page, previous) => !continues(page) && beside(page, previous));
  put((page, previous) => !continues(page) && !goesOn(previous));
  put(() => true);
  // If several pages hold every key, table 0's may be a different one: the one that continues the entry.
  if (first === undefined || continues(first) || !goesOn(before[0]!)) return row;
  const astray = row.findIndex(
    (page, processor) =>
      page !== null && continues(page) && !goesOn(before[processor]!) && holdsAll(page, first, shape),
  );
  if (astray > 0) [row[0], row[astray]] = [row[astray]!, first];
  return row;
}

/**
 * Whether the entry that begins on the previous page lacks its end or its beginning in some table.
 * @param goesOn the tables in which it has a key
 */
function isSevered(row: readonly (PlacedPage | null)[], goesOn: readonly boolean[], shape: TableShape): boolean {
  const rests = row.map((page) => reachesIn(page, shape));
  if (rests.some((rest, processor) => rest && !goesOn[processor]!)) return true;
  // The end of an entry on a page without keys goes unseen. If a page of each table was seen, it is zero.
  if (row.every((page) => page !== null)) return false;
  const [first, ...others] = row;
  return goesOn.some((goes, processor) => {
    if (!goes || rests[processor]!) return false;
    // Table 0 has keys that it never counted; but its page is unknown if another one holds every key too.
    return (
      row[processor] === null ||
      (processor === 0 && others.some((page) => page !== null && holdsAll(page, first!, shape)))
    );
  });
}

/** Whether a page holds every key of another page of the same place. */
function holdsAll(page: PlacedPage, other: PlacedPage, shape: TableShape): boolean {
  const [words, wanted] = [wordsOf(page.page), wordsOf(other.page)];
  return [...entriesOnPage(shape, page.index)].every(([, at]) => wanted[at] === 0 || words[at] === wanted[at]);
}
