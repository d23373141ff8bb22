import { PAGE_SIZE } from '../../../address.js';
import type { Warning } from '../../../errors.js';
import type { TrackerTable } from '../../table/tracker-table.js';
import { isKeyless } from './keyless-page.js';
import type { UnplacedPage } from './page-collection.js';
import { pageCount, type TableShape } from './table-shape.js';

/**
 * Puts the pages of overflow slots without a key into tables that have no other page there; whose is unknown, as for all
 * pages but table 0's. None is put if there are more of them than such tables: some are copies then.
 */
export function placeKeyless(
  pages: readonly UnplacedPage[],
  tables: readonly TrackerTable[],
  shape: TableShape,
): Warning[] {
  const { channel, slots } = shape;
  if ((slots * channel.layout.size) % PAGE_SIZE !== 0) return [];
  const found = pages
    .filter(({ bytes }) => isKeyless(bytes, channel.layout))
    .flatMap(({ bytes, copies }) => Array.from({ length: Math.min(copies, tables.length + 1) }, () => bytes));
  const free = tables.filter((table) => table.key(slots) === 0).reverse();
  if (found.length > free.length) {
    return [
      {
        code: 'keyless-undecided',
        message: `${found.length} pages look like overflow slots that count frees without a key, and only ${free.length} of ${tables.length} tables have room for one: how much is counted there is not known`,
      },
    ];
  }
  for (const [index, bytes] of found.entries()) free[index]!.put(pageCount(shape) - 1, bytes);
  return [];
}
