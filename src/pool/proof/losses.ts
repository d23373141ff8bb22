import type { TagTotals } from '../table/tag-totals.js';
import type { Doubt } from './doubt.js';

/**
 * What was not read of the tables, as doubts.
 * @param processorsMissing number of processors without a table
 */
export function lossDoubts(totals: TagTotals, processorsMissing = 0): Doubt[] {
  const doubts: Doubt[] = [];
  for (const slot of totals.unreadSlots())
    doubts.push({ code: 'pages-missing', message: 'entries of the tables were not read', slots: only(slot) });
  if (totals.expansionEntriesMissing > 0)
    doubts.push({
      code: 'pages-missing',
      message: `${totals.expansionEntriesMissing} entries of the expansion table were not read`,
      slots: null,
      table: 'expansion',
    });
  if (processorsMissing > 0)
    doubts.push({
      code: 'processors-missing',
      message: `${processorsMissing} or more processors have no table that could be found`,
      slots: null,
    });
  for (const slot of totals.conflictingSlots())
    doubts.push({ code: 'image-smeared', message: 'two tables hold different tags in a slot', slots: only(slot) });
  return doubts;
}

const only = (slot: number) => ({ first: slot, last: slot });
