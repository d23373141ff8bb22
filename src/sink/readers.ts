import { createReadStream } from 'node:fs';
import { PoolTrackerError } from '../errors.js';
import type { RecordType, Row } from '../record/schema/record-type.js';
import type { ReaderFormat, RecordInput, Records } from './read/record-reader.js';

/** Every format that records can be read from. Adding one takes a file and a line here. */
export const READERS: readonly ReaderFormat[] = [
  { name: 'parquet', extensions: ['.parquet'], load: async () => (await import('./isolated/batches.js')).readParquet },
  { name: 'ndjson', extensions: ['.ndjson'], load: async () => (await import('./ndjson/reader.js')).readNdjson },
  {
    name: 'ndjson.gz',
    extensions: ['.ndjson.gz'],
    load: async () => (await import('./ndjson/reader.js')).readNdjsonGzip,
  },
  {
    name: 'arrow',
    extensions: ['.arrow', '.arrows'],
    load: async () => (await import('./isolated/batches.js')).readArrow,
  },
  { name: 'csv', extensions: ['.csv'], load: async () => (await import('./csv/reader.js')).readCsv },
];

/** @throws PoolTrackerError USAGE for a format or an ending that is not in the list */
function readerFor(input: string, formatName: string | undefined): ReaderFormat {
  const lower = input.toLowerCase();
  const found = READERS.find((format) =>
    formatName === undefined
      ? format.extensions.some((extension) => lower.endsWith(extension))
      : format.name === formatName,
  );
  if (found !== undefined) return found;
  throw new PoolTrackerError(
    'USAGE',
    formatName === undefined
      ? `${input}: the ending of the name does not select a record format`
      : `no record format is named '${formatName}'`,
    {
      hint: `one of ${READERS.map((format) => format.name).join(', ')}`,
    },
  );
}

/**
 * Opens records for reading; rows are read on demand.
 *
 * @param input a path, or `-` for standard input
 * @param formatName the name of one of READERS; by default the ending of the input's name decides
 * @throws PoolTrackerError USAGE, SOURCE_NOT_FOUND, SOURCE_NOT_PERMITTED, RECORDS_DAMAGED; the rows throw the last, too
 */
export async function openRecords(input: string, formatName?: string): Promise<Records> {
  const read = await readerFor(input, formatName).load();
  const source: RecordInput =
    input === '-'
      ? { name: 'standard input', path: null, open: () => process.stdin }
      : { name: input, path: input, open: () => createReadStream(input) };
  return read(source);
}

/**
 * The rows of a Parquet file that this program wrote: read in this process, which trusts it.
 *
 * @throws PoolTrackerError RECORDS_DAMAGED
 */
export async function* ownParquetRows(path: string, recordType: RecordType): AsyncGenerator<Row> {
  yield* (await import('./isolated/batches.js')).rowsOfOwnParquet(path, recordType);
}
