import type { ColumnBatch } from '../../record/columns/column-data.js';
import type { EncodeColumns } from '../sink.js';
import { textChunks } from '../text-chunks.js';
import { TextColumns } from '../text-rows.js';

/**
 * CSV according to RFC 4180: a header line, CRLF, quotes doubled. Null is an empty field and an empty string a quoted
 * one (`""`), so that the two can be told apart.
 */
export const encodeCsv: EncodeColumns = async function* (batches, recordType, { csvSafe = false }) {
  const string = csvSafe ? (text: string) => csvString(withoutFormula(text)) : csvString;
  const columns = new TextColumns(recordType, { none: '', string, int64: String, timestamp: (iso) => iso });
  yield Buffer.from(`${recordType.columns.map((column) => csvString(column.name)).join(',')}\r\n`);
  for await (const batch of batches) yield* textChunks(lines(batch, columns));
};

/** Spreadsheets run a cell that begins so, and show one that begins with an apostrophe as text. */
function withoutFormula(text: string): string {
  return /^[=+\-@\t\r\n]/.test(text) ? `'${text}` : text;
}

function csvString(text: string): string {
  return text === '' || /[",\r\n]/.test(text) || text !== text.trim() ? `"${text.replaceAll('"', '""')}"` : text;
}

function* lines(batch: ColumnBatch, columns: TextColumns): Generator<string> {
  const cells = columns.open(batch);
  for (let row = 0; row < batch.numRows; row++) {
    let line = cells[0]!(row);
    for (let index = 1; index < cells.length; index++) line += `,${cells[index]!(row)}`;
    yield `${line}\r\n`;
  }
}
