import { PoolTrackerError } from '../../errors.js';
import type { EncodeColumns } from '../sink.js';

/** More rows than any reader wants in a group; indices into a dictionary of as many distinct values have 24 bits. */
const MAX_GROUP_ROWS = 1 << 24;

/**
 * Parquet, by the writer that the options select; both write the same columns, values and metadata.
 * @throws PoolTrackerError USAGE for row groups of no rows, of a part of one, or of too many
 */
export const encodeParquet: EncodeColumns = async function* (batches, recordType, options) {
  const { parquetWriter, rowGroupRows = 1 } = options;
  if (!Number.isInteger(rowGroupRows) || rowGroupRows < 1 || rowGroupRows > MAX_GROUP_ROWS)
    throw new PoolTrackerError(
      'USAGE',
      `rowGroupRows: expected a whole number from 1 to ${MAX_GROUP_ROWS}, found ${String(rowGroupRows)}`,
    );
  const encode =
    parquetWriter === 'parquetjs-lite'
      ? (await import('./parquetjs-writer.js')).encodeWithParquetJs
      : (await import('./column-writer/column-writer.js')).encodeByColumns;
  yield* encode(batches, recordType, options);
};
