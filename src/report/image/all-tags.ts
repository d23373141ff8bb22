import type { TableColumn, TableData, TableMark } from '../page/cells.js';
import { type Html } from '../page/html.js';
import { panel, placeholder } from '../page/panel.js';
import { exactValue, sortedTable } from '../page/sorted-table.js';
import { plural } from '../page/units.js';
import { isBelowZero, type TagFacts } from './facts.js';

const COLUMNS: readonly TableColumn[] = [
  { title: 'Tag', kind: 'tag', csv: 'tag', isNarrow: true, isSearched: true },
  { title: 'KiB', kind: 'kib', csv: 'bytes', isNarrow: true, about: 'both pools' },
  { title: 'Nonpaged KiB', kind: 'kib', csv: 'nonpaged_bytes' },
  { title: 'Paged KiB', kind: 'kib', csv: 'paged_bytes' },
  { title: 'Outstanding', kind: 'count', csv: 'outstanding', isNarrow: true, about: 'allocations less frees' },
  { title: 'Bytes each', kind: 'count', csv: 'bytes_each' },
  { title: 'Allocations', kind: 'count', csv: 'allocs', about: 'since the system started' },
  { title: 'Freed %', kind: 'tenths', csv: 'freed_per_thousand', about: 'frees of a hundred allocations' },
  {
    title: 'Driver',
    kind: 'name',
    csv: 'driver',
    isNarrow: true,
    isSearched: true,
    about: 'who the lists name; ? where only its code has the tag',
  },
  { title: 'What it is', kind: 'text', csv: 'description', isSearched: true, isScreenOnly: true },
];

/** Bits of a row's last value, in this order. */
const MARKS: readonly TableMark[] = [
  { label: 'in use' },
  { label: 'no name known' },
  { label: 'incomplete', sign: '◐', look: 'doubt' },
  { label: 'does not add up', sign: '!', look: 'suspect' },
];
const [IN_USE, NAMELESS, DOUBTFUL, ODD] = [1, 2, 4, 8];
/** Indices of the marks that the verdict links to. */
export const [INCOMPLETE_MARK, ODD_MARK] = [2, 3];

/** Whether the counters of a tag contradict each other, or are below zero. */
export function isOdd(tag: TagFacts): boolean {
  return tag.consistency !== 'consistent' || isBelowZero(tag);
}

function marksOf(tag: TagFacts): number {
  const isUsed = tag.nonpaged.outstanding !== 0n || tag.paged.outstanding !== 0n;
  return (
    (isUsed ? IN_USE : 0) |
    (tag.driver === null ? NAMELESS : 0) |
    (tag.complete ? 0 : DOUBTFUL) |
    (isOdd(tag) ? ODD : 0)
  );
}

/** Per thousand; null where there was none. */
function freed({ allocs, frees }: TagFacts): number | string | null {
  return allocs > 0n ? exactValue((frees * 1000n + allocs / 2n) / allocs) : null;
}

/** The data of the table; a mark that no row has gets no box. */
export function tagTable(tags: readonly TagFacts[]): TableData {
  return {
    columns: COLUMNS,
    marks: MARKS,
    sortedBy: 1,
    summed: 1,
    unsummed: INCOMPLETE_MARK,
    rows: tags.map((tag) => [
      tag.tag,
      exactValue(tag.bytes),
      exactValue(tag.nonpaged.bytes),
      exactValue(tag.paged.bytes),
      exactValue(tag.outstanding),
      tag.outstanding > 0n ? exactValue(tag.bytes / tag.outstanding) : null,
      exactValue(tag.allocs),
      freed(tag),
      tag.driver === null ? null : tag.named === 'code' ? `${tag.driver} ?` : tag.driver,
      tag.description ?? '',
      marksOf(tag),
    ]),
  };
}

/** Every tag, sorted and filtered. */
export function allTags(tags: readonly TagFacts[]): Html {
  return panel({
    id: 'tags',
    question: tags.length === 1 ? 'The one tag' : `All ${plural(tags.length, 'tag')}`,
    answer:
      'Sort by any heading. The filter takes * and ? as --tag does, or text in tag, driver and description; / goes to it, Esc empties it.',
    body:
      tags.length === 0
        ? placeholder('No tag', 'The tables were found and proved, and none of their slots holds a tag.')
        : sortedTable(tagTable(tags), { name: 'All tags', filter: 'Filter: Nt*, ntfs, pipe …  ( / )' }),
  });
}
