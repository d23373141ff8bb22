import type { EncodeColumns } from '../sink.js';
import { textChunks } from '../text-chunks.js';
import { TextRows } from '../text-rows.js';

/**
 * CSV according to RFC 4180: a header line, CRLF, quotes doubled. Null is an empty field and an empty string a quoted
 * one (`""`), so that the two can be told apart.
 */
export const encodeCsv: EncodeColumns = async function* (batches, recordType, { csvSafe = false }) {
  const string = csvSafe ? (text: string) => csvString(withoutFormula(text)) : csvString;
  const form = { none: '', string, int64: String, timestamp: (iso: string) => iso };
  const before = recordType.columns.map((_, index) => (index === 0 ? '' : ','));
  const rows = new TextRows(recordType, form, { before, end: '\r\n' });
  yield Buffer.from(`${recordType.columns.map((column) => csvString(column.name)).join(',')}\r\n`);
  for await (const batch of batches) yield* textChunks(rows.lines(batch));
};

/** Spreadsheets run a cell that begins so, and show one that begins with an apostrophe as text. */
function withoutFormula(text: string): string {
  return /^[=+\-@\t\r\n]/.test(text) ? `'${text}` : text;
}

function csvString(text: string): string {
  return text === '' || /[",\r\n]/.test(text) || text !== text.trim() ? `"${text.replaceAll('"', '""')}"` : text;
}
