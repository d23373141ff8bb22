import { PAGE_SIZE } from '../../../address.js';
import { TrackerTable } from '../../table/tracker-table.js';
import type { LivePages } from './live-pages.js';
import { wordsOf } from '../fit/page-collection.js';
import { pageCount, type PlacedPage, type TableShape } from '../fit/table-shape.js';

const ZEROS = new Uint8Array(PAGE_SIZE);

/** What is known of one place of all tables. */
export interface Place {
  readonly index: number;
  /** Null where no page of it was kept. */
  readonly live: LivePages | null;
  /** Tables whose page was never seen, and that cannot be just a page of zeros. */
  readonly lost: number;
}

/** Whether the last entry that begins on a page reaches into the next one, and holds a key. */
function reachesOut(
  page: PlacedPage | null,
  {
    channel: {
      layout: { size },
    },
  }: TableShape,
  index: number,
): boolean {
  const last = Math.ceil(((index + 1) * PAGE_SIZE) / size) - 1;
  const at = last * size - index * PAGE_SIZE;
  return page !== null && (last + 1) * size > (index + 1) * PAGE_SIZE && wordsOf(page.page)[at / 4] !== 0;
}

/** Whether an entry that began on the page before ends on this one with a counter that is not 0. */
function reachesIn(
  page: PlacedPage | null,
  {
    channel: {
      layout: { size },
    },
  }: TableShape,
  index: number,
): boolean {
  if (page === null) return false;
  const first = Math.ceil((index * PAGE_SIZE) / size) * size - index * PAGE_SIZE;
  return wordsOf(page.page)
    .subarray(0, first / 4)
    .some((word) => word !== 0);
}

/** Whether two pages lie as far apart in physical memory, or in the stream where that is not known, as in a table. */
export function areNeighbours(one: PlacedPage, other: PlacedPage): boolean {
  const apart = other.index - one.index;
  const [here, there] = [one.page.physicalAddress, other.page.physicalAddress];
  if (here !== null && there !== null) return here + apart * PAGE_SIZE === there;
  return one.page.order + apart === other.page.order;
}

/**
 * Puts live pages together to tables. Which page belongs to which processor, beside table 0, is seldom told: physical
 * neighbours belong together, and a page that begins with the rest of an entry continues one that ends with its key.
 * That is enough for the sums, to which any order of the pages leads.
 * @param processors tables to be made
 * @returns table 0 first
 */
export function assembleTables(places: readonly Place[], shape: TableShape, processors: number): TrackerTable[] {
  const tables = Array.from({ length: processors }, () => new TrackerTable(shape.channel.layout, shape.slots + 1));
  let before: (PlacedPage | null)[] = tables.map(() => null);
  for (let index = 0; index < pageCount(shape); index++) {
    const place = places[index]!;
    const row = arrange(place, before, shape);
    row.forEach((page, processor) => {
      if (page !== null) tables[processor]!.put(index, page.page.bytes);
    });
    let lost = place.lost;
    for (let processor = processors - 1; processor >= 0; processor--) {
      if (row[processor] !== null) continue;
      if (lost > 0 && !reachesOut(row[processor]!, shape, index)) lost--;
      else tables[processor]!.put(index, ZEROS);
    }
    before = row;
  }
  return tables;
}

/** One page for each table; null where a table has none there. */
function arrange(
  { live, index }: Place,
  before: readonly (PlacedPage | null)[],
  shape: TableShape,
): (PlacedPage | null)[] {
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
  const continues = (page: PlacedPage): boolean => reachesIn(page, shape, index);
  const goesOn = (previous: PlacedPage | null): boolean => reachesOut(previous, shape, index - 1);
  const beside = (page: PlacedPage, previous: PlacedPage | null): boolean =>
    previous !== null && areNeighbours(previous, page);
  put((page, previous) => continues(page) && goesOn(previous) && beside(page, previous));
  put((page, previous) => continues(page) && goesOn(previous));
  put((page, previous) => !continues(page) && beside(page, previous));
  put((page, previous) => !continues(page) && !goesOn(previous));
  put(() => true);
  // Where several pages hold every key, table 0's may be another than was taken for it: the one that goes on.
  const astray = row.findIndex(
    (page, processor) => processor > 0 && page !== null && continues(page) && !goesOn(before[processor]!),
  );
  if (astray > 0 && row[0] !== null && !continues(row[0]!) && goesOn(before[0]!))
    [row[0], row[astray]] = [row[astray]!, row[0]];
  return row;
}
