import { once } from 'node:events';
import { Readable } from 'node:stream';
import { PoolTrackerError } from '../errors.js';
import type { RecordType, Row } from '../record/schema/record-type.js';
import { openSink, writeRows, type SinkOptions } from './open-sink.js';
import { parseOutput, splitOutput } from './sinks.js';
import { abortable, type WorkOptions } from '../work.js';
import type { RecordOrigin } from './read/record-reader.js';
import { openRecords } from './readers.js';

/** Rows between two calls of onProgress. */
const ROWS_A_STEP = 8192;

/** How records are converted. Progress is told in records. */
export interface ConvertOptions extends SinkOptions, WorkOptions {
  /** Format of the input, by its name in READERS; by default the ending of its name decides. */
  readonly inputFormat?: string;
  /** Format of the output, by its name in SINKS; likewise. */
  readonly format?: string;
  /** What records of a live machine's log do not say themselves. */
  readonly origin?: RecordOrigin;
}

/** What was converted. */
export interface Converted {
  /** Of all records. */
  readonly recordType: RecordType;
  /** How many were written. */
  readonly records: number;
}

/**
 * Writes the records of one file in another format. Nothing is lost or rounded between any two formats.
 *
 * @param input a path, or `-` for standard input
 * @param output `[RECORD=]FILE` or `-`; RECORD is detected from the input, and one that is given is checked against it
 * @throws PoolTrackerError RECORDS_DAMAGED, USAGE, OUTPUT_EXISTS, OUTPUT_FAILED; nothing is left of the output then.
 *   When the reader of standard output goes away, the error is the system's EPIPE (see `isClosedPipe`). The reason of the
 *   signal; nothing is left then either
 */
export function convertRecords(input: string, output: string, options: ConvertOptions = {}): Promise<Converted> {
  return abortable(options.signal, () => convert(input, output, options));
}

async function convert(input: string, output: string, options: ConvertOptions): Promise<Converted> {
  const { signal, onProgress } = options;
  const parsed = parseOutput(output, options.format);
  const asked = splitOutput(output).recordType;
  const records = await openRecords(input, options.inputFormat, options.origin);
  const recordType = records.recordType ?? parsed.recordType;
  if (asked !== null && asked !== recordType) {
    throw new PoolTrackerError('USAGE', `${input} holds ${recordType.name} records, not ${asked.name}`, {
      hint: `leave out '${asked.name}='`,
    });
  }
  let count = 0;
  async function* counted(rows: AsyncIterable<Row>): AsyncGenerator<Row> {
    for await (const row of rows) {
      count++;
      yield row;
      if (count % ROWS_A_STEP === 0) onProgress?.({ name: input, unit: 'records', done: count, total: null });
    }
    onProgress?.({ name: input, unit: 'records', done: count, total: count });
  }
  const sink = await openSink({ ...parsed, recordType }, options).catch(async (error: unknown) => {
    await abandon(records.rows);
    throw error;
  });
  if (signal?.aborted === true) {
    sink.destroy();
    if (!sink.closed) await once(sink, 'close');
    await abandon(records.rows);
    signal.throwIfAborted();
  }
  const rows = Readable.from(counted(records.rows), signal === undefined ? {} : { signal });
  await writeRows(recordType, rows, sink);
  return { recordType, records: count };
}

/** Closes what the rows are read from. An iterator that was never started closes nothing, so it is started first. */
async function abandon(rows: AsyncIterable<Row>): Promise<void> {
  const iterator = rows[Symbol.asyncIterator]();
  await iterator.next().catch(() => undefined);
  await iterator.return?.();
}
