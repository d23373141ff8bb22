import { RowReader } from '../record/arrow/record-batches.js';
import type { Encode } from './sink.js';
import { TablePrinter } from './table/table-printer.js';
import { textChunks } from './text-rows.js';

/** The table that a terminal shows, as `TablePrinter` lays it out. */
export const encodeTable: Encode = async function* (batches, recordType, options) {
  const reader = new RowReader(recordType);
  const printer = new TablePrinter(recordType, options);
  let printed = false;
  for await (const batch of batches) {
    printed = true;
    yield* textChunks(printer.lines(reader.rows(batch)));
  }
  if (!printed) yield* textChunks(printer.lines([]));
  yield* textChunks(printer.end());
};
