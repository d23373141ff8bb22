import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { RecordType, Row, Value } from '../../../src/record/schema/record-type.js';
import { writeRecords } from './write-records.js';

/** A row of a record type with what a test wants different; null wherever it may be. */
export function plainRow(recordType: RecordType, values: Partial<Row> = {}): Row {
  const plain = recordType.columns.map(({ name, type, nullable }): [string, Value] => [
    name,
    nullable
      ? null
      : ({ string: 'x', bool: true, int32: 1, uint32: 1, int64: 1n, float64: 1, timestamp: 0 } as const)[type],
  ]);
  return { ...Object.fromEntries(plain), ...values } as Row;
}

/** Writes one file of a dataset, and the folders that it lies in. */
export async function writePart(path: string, recordType: RecordType, rows: readonly Partial<Row>[]): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  await writeRecords(
    path,
    recordType,
    rows.map((row) => plainRow(recordType, row)),
  );
}
