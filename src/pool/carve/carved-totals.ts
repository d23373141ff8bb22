import { PAGE_SIZE } from '../../address.js';
import { entriesOf, TagTotals, type ProcessorTag } from '../tag-totals.js';
import type { CarvedTables } from './carved-tables.js';

/**
 * Sums the tables; what is in doubt is marked.
 * @param expected pages that each place must have, where some of them may lie in memory that is cut off; else a place
 * with fewer has those of processors that touched none of its tags, which are zero and look like nothing
 */
export function sumOf({ shape, tables, places, expansion, partial }: CarvedTables, expected = 0): TagTotals {
  const { layout } = shape.channel;
  const totals = new TagTotals(layout, shape.slots);
  for (const table of tables) totals.add(table);
  for (const { index, live } of places) {
    if (live?.doubt == null && (live?.live.length ?? 0) >= expected) continue;
    totals.doubt(Math.floor((index * PAGE_SIZE) / layout.size), Math.ceil(((index + 1) * PAGE_SIZE) / layout.size) - 1);
  }
  for (const slot of partial) totals.doubt(slot, slot);
  if (expansion !== null) totals.addExpansion(expansion);
  return totals;
}

/** Entries by table: table 0 is processor 0's; whose the others are, pages do not tell. */
export function processorTagsOf({ shape, tables, expansion }: CarvedTables): ProcessorTag[] {
  const tags = tables.flatMap((table, index) => [...entriesOf(table, 'table', shape.slots, index === 0 ? 0 : null)]);
  return expansion === null ? tags : [...tags, ...entriesOf(expansion, 'expansion', 0, null)];
}
