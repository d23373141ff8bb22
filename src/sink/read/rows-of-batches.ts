import type { RecordBatch } from 'apache-arrow';
import { messageOf } from '../../errors.js';
import { RowReader } from '../../record/arrow/record-batches.js';
import type { RecordType, Row } from '../../record/schema/record-type.js';
import { checkedRow } from './checked-row.js';
import { damaged, readFailed } from './damaged.js';

/** The rows of batches that came from a file, each checked. */
export async function* rowsOfFile(batches: AsyncIterable<RecordBatch>, recordType: RecordType, name: string): AsyncGenerator<Row> {
  const reader = new RowReader(recordType);
  let records = 0;
  const rowsOf = (batch: RecordBatch): Iterable<Row> => {
    try {
      return reader.rows(batch);
    } catch (error) {
      throw damaged(name, `batch after record ${records}`, messageOf(error));
    }
  };
  try {
    for await (const batch of batches) {
      for (const row of rowsOf(batch)) yield checkedRow(recordType, row, name, `record ${++records}`);
    }
  } catch (error) {
    throw readFailed(name, `batch after record ${records}`, error);
  }
}
