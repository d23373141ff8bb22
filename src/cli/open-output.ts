import { PassThrough } from 'node:stream';
import type { RecordType, Row } from '../record/schema/record-type.js';
import { openSink, type SinkOptions } from '../sink/open-sink.js';
import type { Output } from '../sink/parse-output.js';
import { printRows } from '../sink/table/table.js';
import { writeRows } from './write-records.js';

/** Sends the rows that come to an output's end. */
type Consume = (rows: AsyncIterable<Row>) => Promise<void>;

async function consumer(output: Output, options: SinkOptions): Promise<Consume> {
  const { target, format, recordType } = output;
  if (format.name === 'table' && typeof target !== 'string') return (rows) => printRows(recordType, rows, target, options);
  const sink = await openSink(output, options);
  return (rows) => writeRows(recordType, rows, sink);
}

/** An output that rows of several images are written to, one image after another. */
export class OpenOutput {
  readonly recordType: RecordType;
  private readonly rows = new PassThrough({ objectMode: true, highWaterMark: 1024 });
  private readonly done: Promise<void>;

  private constructor(output: Output, consume: Consume) {
    this.recordType = output.recordType;
    this.done = consume(this.rows as AsyncIterable<Row>);
    this.done.catch(() => undefined);
    this.rows.on('error', () => undefined);
  }

  /** @throws PoolTrackerError OUTPUT_EXISTS, OUTPUT_FAILED: before the work, not after it */
  static async open(output: Output, options: SinkOptions): Promise<OpenOutput> {
    return new OpenOutput(output, await consumer(output, options));
  }

  async write(rows: Iterable<Row> | AsyncIterable<Row>): Promise<void> {
    for await (const row of rows) {
      if (!this.rows.write(row)) await Promise.race([new Promise((resolve) => this.rows.once('drain', resolve)), this.done]);
    }
  }

  end(): Promise<void> {
    this.rows.end();
    return this.done;
  }

  /** Ends without an output: the sink takes back what it has written. */
  async abandon(error: Error): Promise<void> {
    this.rows.destroy(error);
    await this.done.catch(() => undefined);
  }
}
