import type { Writable } from 'node:stream';
import { JSON_ARRAY } from '../../dataset/json-array.js';
import { PoolTrackerError } from '../../errors.js';
import type { RecordType } from '../../record/schema/record-type.js';
import { openSink } from '../../sink/open-sink.js';
import type { SinkFormat } from '../../sink/sink.js';
import { sinkForPath, sinkNamed } from '../../sink/sinks.js';
import type { OptionSpec, OptionValues } from '../command.js';
import { SINK_OPTION_SPECS, sinkOptions } from '../sink-options.js';

/** The options of every command that answers with one table. */
export const ANSWER_OPTION_SPECS: Readonly<Record<string, OptionSpec>> = {
  output: { type: 'string', short: 'o', value: 'FILE', help: 'write to FILE (.parquet .csv .json .ndjson .arrow ...), or - for standard output' },
  format: { type: 'string', value: 'FORMAT', help: 'table (default), csv, json, ndjson, parquet, arrow, ...' },
  json: { type: 'boolean', help: 'the same as --format json' },
  ...SINK_OPTION_SPECS,
};

function formatFor(file: string | undefined, options: OptionValues): SinkFormat {
  const named = options.flag('json') ? 'json' : options.text('format') ?? (file === undefined ? 'table' : undefined);
  if (named !== undefined) return named === JSON_ARRAY.name ? JSON_ARRAY : sinkNamed(named);
  return file!.toLowerCase().endsWith('.json') ? JSON_ARRAY : sinkForPath(file!);
}

/** Where an answer goes, checked before the work is done. */
export class AnswerOutput {
  private constructor(private readonly format: SinkFormat, private readonly file: string | undefined, private readonly options: OptionValues) {}

  /** @throws PoolTrackerError USAGE */
  static parse(options: OptionValues): AnswerOutput {
    const output = options.text('output');
    if (output === '') throw new PoolTrackerError('USAGE', '-o: no file is named', { hint: '-o FILE, or - for standard output' });
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
    return openSink({ recordType, format: this.format, target: this.file ?? process.stdout }, sinkOptions(this.options));
  }
}
