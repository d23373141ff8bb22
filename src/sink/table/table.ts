import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ColumnRowReader } from '../../record/columns/column-values.js';
import type { RecordType, Row } from '../../record/schema/record-type.js';
import type { EncodeColumns, EncodeOptions } from '../sink.js';
import { textChunks } from '../text-chunks.js';
import { TablePrinter } from './table-printer.js';

/** Number of rows that share their column widths. */
const ROWS_AT_ONCE = 8192;

async function* printed(
  recordType: RecordType,
  rows: AsyncIterable<Row>,
  options: EncodeOptions,
): AsyncGenerator<Uint8Array> {
  const printer = new TablePrinter(recordType, options.table);
  let waiting: Row[] = [];
  let isEmpty = true;
  for await (const row of rows) {
    isEmpty = false;
    if (waiting.push(row) < ROWS_AT_ONCE) continue;
    yield* textChunks(printer.lines(waiting));
    waiting = [];
  }
  if (waiting.length > 0 || isEmpty) yield* textChunks(printer.lines(waiting));
  yield* textChunks(printer.end());
}

/**
 * Prints rows as a table into a stream, which stays open. The same text as the table sink gives.
 */
export function printRows(
  recordType: RecordType,
  rows: AsyncIterable<Row>,
  stream: Writable,
  options: EncodeOptions,
): Promise<void> {
  return pipeline(Readable.from(printed(recordType, rows, options)), stream, { end: false });
}

/** The table that a terminal shows, as `TablePrinter` lays it out. */
export const encodeTable: EncodeColumns = async function* (batches, recordType, options) {
  const reader = new ColumnRowReader(recordType);
  const printer = new TablePrinter(recordType, options.table);
  let printed = false;
  for await (const batch of batches) {
    printed = true;
    yield* textChunks(printer.lines(reader.rows(batch)));
  }
  if (!printed) yield* textChunks(printer.lines([]));
  yield* textChunks(printer.end());
};
