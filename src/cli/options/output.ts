import { PassThrough, Readable, type Writable } from 'node:stream';
import { PoolTrackerError } from '../../errors.js';
import type { RecordType, Row } from '../../record/schema/record-type.js';
import { JSON_ARRAY } from '../../sink/ndjson/ndjson.js';
import { openSink, pipelineInto, type SinkOptions } from '../../sink/open-sink.js';
import type { SinkFormat } from '../../sink/sink.js';
import { type Output, sinkForPath, sinkNamed } from '../../sink/sinks.js';
import { printRows } from '../../sink/table/table.js';
import { type OptionSpec, type OptionValues, parseChoice } from './command.js';

/** The options of every command that writes records. */
export const SINK_OPTION_SPECS: Readonly<Record<string, OptionSpec>> = {
  force: { type: 'boolean', help: 'replace output files that exist' },
  'parquet-writer': { type: 'string', value: 'NAME', help: 'parquet-wasm (default) or parquetjs-lite' },
  bigint: { type: 'string', value: 'FORM', help: 'NDJSON: 64-bit integers as number (default, exact) or string' },
};

export function sinkOptions(options: OptionValues): SinkOptions {
  const parquetWriter = parseChoice('parquet-writer', options.text('parquet-writer'), [
    'parquet-wasm',
    'parquetjs-lite',
  ] as const);
  const bigint = parseChoice('bigint', options.text('bigint'), ['number', 'string'] as const);
  return {
    force: options.flag('force'),
    ...(parquetWriter === undefined ? {} : { parquetWriter }),
    ...(bigint === undefined ? {} : { bigint }),
  };
}

/** The options of every command that answers with one table. */
export const ANSWER_OPTION_SPECS: Readonly<Record<string, OptionSpec>> = {
  output: {
    type: 'string',
    short: 'o',
    value: 'FILE',
    help: 'write to FILE (.parquet .csv .json .ndjson .arrow ...), or - for standard output',
  },
  format: { type: 'string', value: 'FORMAT', help: 'table (default), csv, json, ndjson, parquet, arrow, ...' },
  json: { type: 'boolean', help: 'the same as --format json' },
  ...SINK_OPTION_SPECS,
};

function formatFor(file: string | undefined, options: OptionValues): SinkFormat {
  const named = options.flag('json') ? 'json' : (options.text('format') ?? (file === undefined ? 'table' : undefined));
  if (named !== undefined) return named === JSON_ARRAY.name ? JSON_ARRAY : sinkNamed(named);
  return file!.toLowerCase().endsWith('.json') ? JSON_ARRAY : sinkForPath(file!);
}

/** Where an answer goes, checked before the work is done. */
export class AnswerOutput {
  private constructor(
    private readonly format: SinkFormat,
    private readonly file: string | undefined,
    private readonly options: OptionValues,
  ) {}

  /** @throws PoolTrackerError USAGE */
  static parse(options: OptionValues): AnswerOutput {
    const output = options.text('output');
    if (output === '')
      throw new PoolTrackerError('USAGE', '-o: no file is named', { hint: '-o FILE, or - for standard output' });
    const file = output === '-' ? undefined : output;
    sinkOptions(options);
    return new AnswerOutput(formatFor(file, options), file, options);
  }

  /** Whether it is a table on standard output. */
  get isForReading(): boolean {
    return this.file === undefined && this.format.name === 'table';
  }

  /** @throws PoolTrackerError OUTPUT_EXISTS, OUTPUT_FAILED */
  open(recordType: RecordType): Promise<Writable> {
    return openSink(
      { recordType, format: this.format, target: this.file ?? process.stdout },
      sinkOptions(this.options),
    );
  }
}

/** Sends rows through record batches into a sink. */
export async function writeRows(
  recordType: RecordType,
  rows: AsyncIterable<Row> | Iterable<Row>,
  sink: Writable,
): Promise<void> {
  const { batchesOfRows } = await import('../../record/arrow/record-batches.js');
  await pipelineInto(sink, Readable.from(rows), batchesOfRows(recordType));
}

/** Sends the rows that come to an output's end. */
type Consume = (rows: AsyncIterable<Row>) => Promise<void>;

async function consumer(output: Output, options: SinkOptions): Promise<Consume> {
  const { target, format, recordType } = output;
  if (format.name === 'table' && typeof target !== 'string')
    return (rows) => printRows(recordType, rows, target, options);
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
      if (!this.rows.write(row))
        await Promise.race([new Promise((resolve) => this.rows.once('drain', resolve)), this.done]);
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
