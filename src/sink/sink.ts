import type { RecordBatch } from 'apache-arrow';
import type { RecordType } from '../record/schema/record-type.js';

export interface EncodeOptions {
  /** How 64-bit integers stand in NDJSON: as JSON integers, which some consumers read as doubles, or as strings. */
  readonly bigint?: 'number' | 'string';
  /** Which library writes Parquet. */
  readonly parquetWriter?: ParquetWriterName;
  /** Codec of Parquet pages: zstd unless told otherwise, which parquetjs-lite cannot write and writes gzip. */
  readonly parquetCompression?: ParquetCompression;
  /** Rows of a Parquet row group: the unit that is held in memory, and that readers skip by its statistics. */
  readonly rowGroupRows?: number;
  /** Columns of the terminal that a table goes to; left out where it goes elsewhere. */
  readonly terminalColumns?: number;
  /** A table of pool_tag ends in a line of totals. */
  readonly totals?: boolean;
}

export type ParquetWriterName = 'parquet-wasm' | 'parquetjs-lite';

export type ParquetCompression = 'zstd' | 'gzip' | 'snappy' | 'none';

/** Turns record batches of one type into the bytes of a file, as they come; asks for the next batch when it has room. */
export type Encode = (
  batches: AsyncIterable<RecordBatch>,
  recordType: RecordType,
  options: EncodeOptions,
) => AsyncIterable<Uint8Array>;

/** A format that records are written in. */
export interface SinkFormat {
  /** As `--format` takes it. */
  readonly name: string;
  /** Endings of file names that choose it, lower case, with their dot. */
  readonly extensions: readonly string[];
  /** Loads the encoder, and the libraries it needs, when it is first used. */
  load(): Promise<Encode>;
}
