import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { PoolTrackerError } from '../errors.js';
import type { RecordType, Row } from '../record/schema/record-type.js';
import { decodeWindowsText } from '../windows-text.js';
import type { ReaderFormat, RecordInput, RecordOrigin, Records } from './read/record-reader.js';

/** Bytes of a file that tell one format from another of the same ending. */
const HEAD = 64 << 10;

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
  {
    name: 'live-log',
    extensions: ['.log', '.txt', '.csv'],
    load: async () => (await import('./live-log/live-log.js')).readLiveLog,
    claims: async (head) => (await import('./live-log/live-log.js')).toolOfLog(head) !== null,
  },
  { name: 'csv', extensions: ['.csv'], load: async () => (await import('./csv/reader.js')).readCsv },
];

/** What the beginning of a file says; nothing where it cannot be read, of which the reader tells. */
async function headOf(input: string): Promise<string> {
  // Opening a pipe would wait for its writer, and what is read of it is gone.
  if (input === '-' || (await stat(input).catch(() => null))?.isFile() !== true) return '';
  const file = await open(input).catch(() => null);
  if (file === null) return '';
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD), 0, HEAD, 0);
    return decodeWindowsText(buffer.subarray(0, bytesRead));
  } catch {
    return '';
  } finally {
    await file.close();
  }
}

/** The reader of an input by its ending; of several, the first that claims its beginning. */
async function readerByEnding(input: string): Promise<ReaderFormat | undefined> {
  const lower = input.toLowerCase();
  const fitting = READERS.filter(({ extensions }) => extensions.some((extension) => lower.endsWith(extension)));
  if (fitting.length < 2) return fitting[0];
  const head = await headOf(input);
  for (const format of fitting) if (format.claims === undefined || (await format.claims(head))) return format;
  return fitting[0];
}

/** Whether a file is, by its ending and its beginning, the log of a tool on a live machine. */
export async function isLiveLog(path: string): Promise<boolean> {
  const format = READERS.find(({ name }) => name === 'live-log')!;
  if (!format.extensions.some((extension) => path.toLowerCase().endsWith(extension))) return false;
  return format.claims!(await headOf(path));
}

/** @throws PoolTrackerError USAGE for a format or an ending that is not in the list */
async function readerFor(input: string, formatName: string | undefined): Promise<ReaderFormat> {
  const found =
    formatName === undefined ? await readerByEnding(input) : READERS.find((format) => format.name === formatName);
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
 * @param origin what records of a live log do not say themselves
 * @throws PoolTrackerError USAGE, SOURCE_NOT_FOUND, SOURCE_NOT_PERMITTED, RECORDS_DAMAGED; the rows throw the last, too
 */
export async function openRecords(input: string, formatName?: string, origin: RecordOrigin = {}): Promise<Records> {
  const read = await (await readerFor(input, formatName)).load();
  const source: RecordInput =
    input === '-'
      ? { name: 'standard input', path: null, open: () => process.stdin }
      : { name: input, path: input, open: () => createReadStream(input) };
  const modifiedAt = input === '-' ? undefined : (await stat(input).catch(() => null))?.mtimeMs;
  return read(source, { ...(modifiedAt !== undefined && { modifiedAt: Math.floor(modifiedAt) }), ...origin });
}

/**
 * The rows of a Parquet file that this program wrote: read in this process, which trusts it.
 *
 * @throws PoolTrackerError RECORDS_DAMAGED
 */
export async function* ownParquetRows(path: string, recordType: RecordType): AsyncGenerator<Row> {
  yield* (await import('./isolated/batches.js')).rowsOfOwnParquet(path, recordType);
}
