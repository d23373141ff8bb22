import type { RecordType, Row, Value } from '../../record/schema/record-type.js';
import { checkedRow, detectRecordType, UNREADABLE, valueOfText } from '../read/checked-row.js';
import { CsvParser, type CsvField } from '../read/csv-parser.js';
import { damaged, readFailed, type ReadRecords, type RecordInput } from '../read/record-reader.js';
import { peek, textOf } from '../read/text-input.js';

async function* readLines(input: RecordInput): AsyncGenerator<CsvField[]> {
  const parser = new CsvParser();
  let lines = 0;
  try {
    for await (const text of textOf(input.open(), input.name)) {
      for (const fields of parser.take(text)) {
        lines++;
        yield fields;
      }
    }
    const last = [...parser.end()];
    // Every writer of records ends its last line. One without an end may be the half of a longer text.
    if (lines > 0 && last.length > 0)
      throw damaged(
        input.name,
        `record ${lines}`,
        'the file ends within it: expected a line end behind the last record',
      );
    yield* last;
  } catch (error) {
    throw readFailed(input.name, lines === 0 ? 'header' : `record ${lines}`, error);
  }
}

async function* readRows(
  lines: AsyncIterable<CsvField[]>,
  header: readonly string[],
  recordType: RecordType,
  name: string,
): AsyncGenerator<Row> {
  let records = -1;
  const places = recordType.columns.map((column) => header.indexOf(column.name));
  for await (const fields of lines) {
    // The first line is the header.
    if (++records === 0) continue;
    const where = `record ${records}`;
    if (fields.length !== header.length)
      throw damaged(name, where, `expected ${header.length} fields, found ${fields.length}`);
    const row: Record<string, Value> = {};
    recordType.columns.forEach((column, index) => {
      const text = places[index]! < 0 ? null : fields[places[index]!]!;
      const value = text === null ? null : valueOfText(column.type, text);
      if (value === UNREADABLE)
        throw damaged(
          name,
          where,
          `column ${column.name}: expected ${column.type}, found ${JSON.stringify(text!.slice(0, 40))}`,
        );
      row[column.name] = value;
    });
    yield checkedRow(recordType, row, name, where);
  }
}

/** CSV with a header line. An empty field is null, a quoted empty one an empty string. */
export const readCsv: ReadRecords = async (input) => {
  const { first, all } = await peek(readLines(input));
  if (first === null)
    throw damaged(input.name, 'header', 'the file is empty; expected a line with the names of the columns');
  const header = first.map((field) => field ?? '');
  const recordType = detectRecordType(header, input.name);
  return { recordType, rows: readRows(all, header, recordType, input.name) };
};
