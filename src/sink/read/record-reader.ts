import type { Readable } from 'node:stream';
import type { RecordType, Row } from '../../record/schema/record-type.js';

/** Where records are read from. */
export interface RecordInput {
  /** For messages. */
  readonly name: string;
  /** Null for standard input, which cannot be read out of order. */
  readonly path: string | null;
  /** The bytes from the beginning; to be called once. */
  open(): Readable;
}

/** Records as they are read; every row has been checked against the record type. */
export interface Records {
  /** Null when the input holds no record and says nothing of its kind: an empty NDJSON file. */
  readonly recordType: RecordType | null;
  readonly rows: AsyncIterable<Row>;
}

/** A format that records are read from. Failures are PoolTrackerErrors, RECORDS_DAMAGED where the content is to blame. */
export type ReadRecords = (input: RecordInput) => Promise<Records>;

export interface ReaderFormat {
  readonly name: string;
  readonly extensions: readonly string[];
  /** Loads the reader, and the libraries it needs, when it is first used. */
  load(): Promise<ReadRecords>;
}
