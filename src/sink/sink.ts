import type { RecordBatch } from 'apache-arrow';
import type { ColumnBatch } from '../record/columns/column-data.js';
import type { RecordType } from '../record/schema/record-type.js';

/** How records are encoded; each option has a meaning for some formats only. */
export interface EncodeOptions {
  /** How NDJSON writes 64-bit integers: as JSON integers (the default), which some consumers read as doubles, or as strings. */
  readonly bigint?: 'number' | 'string';
  /** Which library writes Parquet: hyparquet-writer by default. parquet-wasm, which did before, stands for the default. */
  readonly parquetWriter?: ParquetWriterName;
  /** Codec of Parquet pages: zstd by default, in place of which parquetjs-lite writes gzip. */
  readonly parquetCompression?: ParquetCompression;
  /** Rows of a Parquet row group, the unit that is held in memory and that readers skip by its statistics. */
  readonly rowGroupRows?: number;
  /** Whether text in CSV that a spreadsheet would run as a formula begins with an apostrophe; false by default. */
  readonly csvSafe?: boolean;
  /** How a table is laid out. */
  readonly table?: TableOptions;
}

/** How a printed table is laid out. */
export interface TableOptions {
  /** Width of the terminal that it goes to, in characters; left out where it does not go to a terminal. */
  readonly terminalColumns?: number;
  /** Whether a table of tags has the counts of each pool apart, however narrow the terminal is. */
  readonly wide?: boolean;
  /** The only pool whose counts a table of tags has. */
  readonly pool?: 'nonpaged' | 'paged';
  /** Whether a table of pool_tag ends with the totals of all its rows, shown or not. */
  readonly totals?: boolean;
  /** How many rows of each image are shown; all by default. */
  readonly first?: number;
  /** Whether the image is named above the first table of tags too, as above all others. */
  readonly headings?: boolean;
}

/** A library that writes Parquet. */
export type ParquetWriterName = 'hyparquet-writer' | 'parquetjs-lite' | 'parquet-wasm';

/** A codec of Parquet pages. */
export type ParquetCompression = 'zstd' | 'gzip' | 'snappy' | 'none';

/** Turns record batches of one type into the bytes of a file as they arrive; asks for the next batch when it has room. */
export type Encode = (
  batches: AsyncIterable<RecordBatch>,
  recordType: RecordType,
  options: EncodeOptions,
) => AsyncIterable<Uint8Array>;

/** The same from columns that are not an Arrow record batch, for which nobody has to load its library. */
export type EncodeColumns = (
  batches: AsyncIterable<ColumnBatch>,
  recordType: RecordType,
  options: EncodeOptions,
) => AsyncIterable<Uint8Array>;

/** A format that records are written in. To add one: a file, and an entry in `sinks.ts`; or a plug-in. */
export interface SinkFormat {
  /** As `--format` takes it. */
  readonly name: string;
  /** Other names that `--format` takes. */
  readonly aliases?: readonly string[];
  /** Whether who reads it can work on the first records while the next are being made, so that none are held back. */
  readonly isStream?: boolean;
  /** Endings of file names that select it, in lower case, with their dot. */
  readonly extensions: readonly string[];
  /** Loads the encoder, and the libraries it needs, when it is first used. */
  load(): Promise<Encode>;
}

/** A format whose encoder takes plain columns; who has record batches may give it those. */
export interface ColumnFormat extends Omit<SinkFormat, 'load'> {
  readonly takes: 'columns';
  /** As that of a SinkFormat. */
  load(): Promise<EncodeColumns>;
}

/** A format of records, by what its encoder takes. */
export type RecordFormat = SinkFormat | ColumnFormat;
