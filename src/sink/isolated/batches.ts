import { PoolTrackerError } from '../../errors.js';
import { decodeIsolated } from './isolated.js';
import { detectRecordType } from '../read/detect-record-type.js';
import type { ReadRecords, RecordInput, Records } from '../read/record-reader.js';
import { rowsOfFile } from '../read/rows-of-batches.js';

async function read(format: 'parquet' | 'arrow', input: RecordInput): Promise<Records> {
  const file = await decodeIsolated(format, input.path, input.name);
  try {
    const recordType = detectRecordType(file.columns, input.name, file.metadata);
    return { recordType, rows: rowsOfFile(file.batches, recordType, input.name) };
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Arrow IPC, file or stream. */
export const readArrow: ReadRecords = (input) => read('arrow', input);

/** Parquet of any codec. */
export const readParquet: ReadRecords = (input) => {
  if (input.path === null) throw new PoolTrackerError('USAGE', 'Parquet cannot be read from a pipe: its index is at its end', { hint: 'name a file' });
  return read('parquet', input);
};
