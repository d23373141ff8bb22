import type { Readable } from 'node:stream';
import { messageOf, PoolTrackerError, systemErrorCode } from '../../errors.js';
import type { RecordType, Row } from '../../record/schema/record-type.js';

/** Where records are read from. */
export interface RecordInput {
  /** For messages. */
  readonly name: string;
  /** Null for standard input, which cannot be read out of order. */
  readonly path: string | null;
  /** Opens the bytes, from the beginning; may be called once. */
  open(): Readable;
}

/** Records as they are read; every row has been checked against the record type. */
export interface Records {
  /** Null when the input has no records and does not name their type: an empty NDJSON file. */
  readonly recordType: RecordType | null;
  readonly rows: AsyncIterable<Row>;
}

/** What is known of records that do not say it themselves: those of a live machine's log. */
export interface RecordOrigin {
  /** As given; the label host fills the column. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Milliseconds since 1970 UTC, as given. */
  readonly capturedAt?: number;
  /** When the file was last written, milliseconds since 1970 UTC. */
  readonly modifiedAt?: number;
}

/** Opens records of one format. Failures are PoolTrackerErrors: RECORDS_DAMAGED when the content is at fault. */
export type ReadRecords = (input: RecordInput, origin?: RecordOrigin) => Promise<Records>;

export interface ReaderFormat {
  readonly name: string;
  readonly extensions: readonly string[];
  /** Loads the reader, and the libraries it needs, when it is first used. */
  load(): Promise<ReadRecords>;
  /** Whether a file that begins so is in this format, where another format has the same ending. */
  claims?(head: string): Promise<boolean>;
}

/** @param where the record, counted from 1, or the part of the file */
export function damaged(name: string, where: string, what: string, hint?: string): PoolTrackerError {
  return new PoolTrackerError('RECORDS_DAMAGED', `${name}: ${where}: ${what}`, {
    data: { path: name, where },
    ...(hint === undefined ? {} : { hint }),
  });
}

const SYSTEM_ERRORS: Readonly<
  Record<string, readonly [code: 'SOURCE_NOT_FOUND' | 'SOURCE_NOT_PERMITTED' | 'SOURCE_IS_DIRECTORY', what: string]>
> = {
  ENOENT: ['SOURCE_NOT_FOUND', 'no such file'],
  EACCES: ['SOURCE_NOT_PERMITTED', 'permission denied'],
  EISDIR: ['SOURCE_IS_DIRECTORY', 'it is a directory, not a file of records'],
};

/** An error that a library or the system threw while records were read, as one of our own. */
export function readFailed(name: string, where: string, error: unknown): PoolTrackerError {
  if (error instanceof PoolTrackerError) return error;
  const code = systemErrorCode(error) ?? '';
  const known = SYSTEM_ERRORS[code];
  if (known !== undefined)
    return new PoolTrackerError(known[0], `${name}: ${known[1]}`, { data: { path: name }, cause: error });
  // zlib's errors have codes too (Z_DATA_ERROR), but they are about the content.
  if (/^E[A-Z]+$/.test(code))
    return new PoolTrackerError('SOURCE_UNREADABLE', `${name}: ${messageOf(error)}`, {
      data: { path: name, code },
      cause: error,
    });
  return damaged(name, where, messageOf(error));
}

/** A file of record batches, opened. */
export interface DecodedFile {
  readonly columns: readonly string[];
  readonly metadata: ReadonlyMap<string, string>;
  /** Each an Arrow IPC stream of its own. */
  readonly batches: AsyncIterable<Uint8Array>;
}
