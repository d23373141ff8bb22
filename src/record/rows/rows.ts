import { PoolTrackerError } from '../../errors.js';
import type { ScanResult } from '../../scan/scan-result.js';
import type { RecordType, Row } from '../schema/record-type.js';
import { reportedTotals } from '../../scan/reported-totals.js';
import { imageRow } from './image-row.js';
import { objectHolderRows } from './holder-rows.js';
import { bigpoolRows, objectCountRows, processRows } from './object-rows.js';
import { poolTagCpuRows, poolTagRows, type TagNaming } from './tag-rows.js';
import { sessionTagRows } from './session-rows.js';
import { warningRows } from './warning-rows.js';
import { selectTags, type TagSelection } from './tag-selection.js';

export { imageColumns, type ImageColumns, type ListedSystem, type ListedTable } from './image-row.js';
export { shortfall } from './object-rows.js';
export { tagColumns } from './object-ways.js';
export type { TagNaming } from './tag-rows.js';
export { typedRow } from './typed-row.js';
export {
  inAnotherCase,
  type Pool,
  POOLS,
  selectTags,
  SORT_ORDERS,
  type SortOrder,
  tagFilter,
  type TagSelection,
} from './tag-selection.js';

/** Rows of one record type; asynchronous if they are read from the image during iteration. */
export type Rows = Iterable<Row> | AsyncIterable<Row>;

/** Creates the rows of each record type from a scan's result. */
const ROW_SOURCES: Readonly<Record<string, (result: ScanResult, selection: TagSelection, naming: TagNaming) => Rows>> =
  {
    pool_tag: (result, selection, naming) => {
      const { asReported = false } = selection;
      const totals = asReported ? reportedTotals(result) : result.totals;
      return poolTagRows(result, selectTags(totals, selection, naming.known), naming, asReported);
    },
    pool_tag_cpu: (result, selection, naming) => {
      const selected = selectTags(result.totals, selection, naming.known);
      const wanted = new Set(selected.map(({ key }) => key));
      // Overflow slots without a key count what is found nowhere: they go with Ovfl, and with a table that has none.
      const overflow = result.totals.find(({ place }) => place === 'overflow');
      if (overflow === undefined ? selected.length === result.totals.length : wanted.has(overflow.key)) wanted.add(0);
      return poolTagCpuRows(
        result,
        result.processorTags.filter(({ key }) => wanted.has(key)),
      );
    },
    image: (result) => [imageRow(result)],
    image_warning: (result) => warningRows(result),
    process: (result) => processRows(result),
    object_count: (result) => objectCountRows(result),
    object_holder: (result, selection) => objectHolderRows(result, selection),
    bigpool: (result, selection) => bigpoolRows(result, selection),
    pool_tag_session: (result, selection, naming) => sessionTagRows(result, selection, naming),
  };

/**
 * The rows of one record type, even of a failed scan: that one has an `image` row, its warnings, and otherwise only rows that report
 * what is not available. Object rows are read from the image on demand, so it must still be open.
 */
export function rowsOf(
  recordType: RecordType,
  result: ScanResult,
  selection: TagSelection = {},
  naming: TagNaming = {},
): Rows {
  const source = ROW_SOURCES[recordType.name];
  if (source === undefined)
    throw new PoolTrackerError('INTERNAL', `no rows are made for record type ${recordType.name}`);
  return source(result, selection, naming);
}
