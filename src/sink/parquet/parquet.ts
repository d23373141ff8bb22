import type { EncodeColumns } from '../sink.js';

/** Parquet, by the writer that the options select; both write the same columns, values, statistics and metadata. */
export const encodeParquet: EncodeColumns = async function* (batches, recordType, options) {
  const encode =
    options.parquetWriter === 'parquetjs-lite'
      ? (await import('./parquetjs-writer.js')).encodeWithParquetJs
      : (await import('./column-writer/column-writer.js')).encodeByColumns;
  yield* encode(batches, recordType, options);
};
