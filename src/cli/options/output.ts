import { PassThrough, type Writable } from 'node:stream';
import { END_OF_GROUP } from '../../record/columns/columns-of-rows.js';
import type { RecordType, Row } from '../../record/schema/record-type.js';
import { openSink, type SinkOptions, writeRows } from '../../sink/open-sink.js';
import type { RecordFormat, TableOptions } from '../../sink/sink.js';
import { JSON_ARRAY, loadTablePrinter, type Output, sinkForPath, sinkNamed, SINKS } from '../../sink/sinks.js';
import { PLUGIN_OPTION_SPECS } from './common-options.js';
import { type OptionSpecs, type OptionValues, usageError } from './command.js';

/** parquet-wasm wrote Parquet before, and its name stands for the one that does now. */
const PARQUET_WRITERS = ['hyparquet-writer', 'parquetjs-lite', 'parquet-wasm'] as const;
const BIGINT_FORMS = ['number', 'string'] as const;

/** The options of every command that writes records. */
export const SINK_OPTION_SPECS: OptionSpecs = {
  force: { help: 'replace output files that exist' },
  wide: { help: 'a table with all its columns, nothing cut, however narrow the terminal is' },
  'parquet-writer': {
    value: 'NAME',
    choices: PARQUET_WRITERS,
    default: 'hyparquet-writer',
    help: 'the library that writes Parquet',
  },
  'csv-safe': {
    help: 'in CSV, put an apostrophe before text that a spreadsheet would run as a formula; pipelines need the values as they are',
  },
  bigint: {
    value: 'FORM',
    choices: BIGINT_FORMS,
    default: 'number',
    help: '64-bit integers in NDJSON: an exact number, or a string',
  },
  ...PLUGIN_OPTION_SPECS,
};

/** The options of every command whose output is one table. */
export const ANSWER_OPTION_SPECS: OptionSpecs = {
  output: {
    short: 'o',
    value: 'FILE',
    help: 'write to FILE (.parquet .csv .json .ndjson .arrow ...), or - for standard output',
  },
  format: {
    value: 'FORMAT',
    choices: ['table', 'json', ...SINKS.map(({ name }) => name).filter((name) => name !== 'table')],
    help: 'the format, where the ending of FILE does not tell; table on standard output',
  },
  json: { help: 'the same as --format json' },
  ...SINK_OPTION_SPECS,
};

/** Tables adapt their width only to a terminal; piped output is the same everywhere. */
function tableOptions(options: OptionValues, target: string | Writable | undefined): TableOptions {
  const { isTTY, columns } = process.stdout;
  return {
    wide: options.flag('wide'),
    ...(target === process.stdout && isTTY ? { terminalColumns: columns } : {}),
  };
}

/** @param target where the records go, if that is known yet */
export function sinkOptions(options: OptionValues, target?: string | Writable): SinkOptions {
  const parquetWriter = options.choice('parquet-writer', PARQUET_WRITERS);
  const bigint = options.choice('bigint', BIGINT_FORMS);
  return {
    force: options.flag('force'),
    table: tableOptions(options, target),
    ...(parquetWriter === undefined ? {} : { parquetWriter }),
    ...(bigint === undefined ? {} : { bigint }),
    ...(options.flag('csv-safe') && { csvSafe: true }),
  };
}

function formatFor(file: string | undefined, options: OptionValues): RecordFormat {
  const named = options.flag('json') ? 'json' : (options.text('format') ?? (file === undefined ? 'table' : undefined));
  if (named !== undefined) return named === JSON_ARRAY.name ? JSON_ARRAY : sinkNamed(named);
  return file!.toLowerCase().endsWith('.json') ? JSON_ARRAY : sinkForPath(file!);
}

/** The destination of an answer, checked before the work begins. */
export class AnswerOutput {
  private constructor(
    private readonly format: RecordFormat,
    private readonly file: string | undefined,
    private readonly options: OptionValues,
  ) {}

  /** @throws PoolTrackerError USAGE */
  static parse(options: OptionValues): AnswerOutput {
    const output = options.text('output');
    if (output === '') throw usageError('-o: no file is named', '-o FILE, or - for standard output');
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
    const target = this.file ?? process.stdout;
    return openSink({ recordType, format: this.format, target }, sinkOptions(this.options, target));
  }
}

/** Writes all incoming rows to an output. */
type Consume = (rows: AsyncIterable<Row>) => Promise<void>;

async function consumer(output: Output, options: SinkOptions): Promise<Consume> {
  const { target, format, recordType } = output;
  if (format.name === 'table' && typeof target !== 'string') {
    const printRows = await loadTablePrinter();
    return (rows) => printRows(recordType, rows, target, options);
  }
  const sink = await openSink(output, options);
  return async (rows) => void (await writeRows(recordType, rows, sink));
}

/** An output for the rows of several images, written one image after another. */
export class OpenOutput {
  readonly recordType: RecordType;
  readonly format: RecordFormat;
  private readonly rows = new PassThrough({ objectMode: true, highWaterMark: 1024 });
  private readonly done: Promise<void>;

  private constructor(output: Output, consume: Consume) {
    this.recordType = output.recordType;
    this.format = output.format;
    this.done = consume(this.rows as AsyncIterable<Row>);
    this.done.catch(() => undefined);
    this.rows.on('error', () => undefined);
  }

  /** @throws PoolTrackerError OUTPUT_EXISTS, OUTPUT_FAILED: before the work begins */
  static async open(output: Output, options: SinkOptions): Promise<OpenOutput> {
    return new OpenOutput(output, await consumer(output, options));
  }

  /** Writes the rows of one image. Who reads a stream has them while the next image is scanned. */
  async write(rows: Iterable<Row> | AsyncIterable<Row>): Promise<void> {
    for await (const row of rows) await this.put(row);
    if (this.format.isStream === true) {
      await this.put(END_OF_GROUP);
    }
  }

  private async put(row: Row | symbol): Promise<void> {
    if (!this.rows.write(row))
      await Promise.race([new Promise((resolve) => this.rows.once('drain', resolve)), this.done]);
  }

  end(): Promise<void> {
    this.rows.end();
    return this.done;
  }

  /** Ends without an output: the sink removes what it has written. */
  async abandon(error: Error): Promise<void> {
    this.rows.destroy(error);
    await this.done.catch(() => undefined);
  }
}
