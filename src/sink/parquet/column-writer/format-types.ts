import type { writeMetadata } from 'hyparquet-writer/src/metadata.js';

/*
 * The structures of a Parquet file as hyparquet-writer takes them, which has them from a hyparquet of its own.
 */

/** The footer. */
export type FileMetaData = Parameters<typeof writeMetadata>[1];
/** The root of the schema or a column. */
export type SchemaElement = FileMetaData['schema'][number];
export type RowGroup = FileMetaData['row_groups'][number];
/** Where a chunk lies, and what is in it. */
export type ChunkMetadata = RowGroup['columns'][number];
type ColumnMetadata = NonNullable<ChunkMetadata['meta_data']>;
export type Statistics = NonNullable<ColumnMetadata['statistics']>;
export type Encoding = ColumnMetadata['encodings'][number];
export type CompressionCodec = ColumnMetadata['codec'];
