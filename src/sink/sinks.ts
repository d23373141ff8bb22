import type { Writable } from 'node:stream';
import { PoolTrackerError } from '../errors.js';
import { itemNamed, Plugged } from '../plugged.js';
import type { RecordType } from '../record/schema/record-type.js';
import { POOL_TAG, RECORD_TYPES, recordTypeNamed } from '../record/schema/record-types.js';
import type { RecordFormat, SinkFormat } from './sink.js';

/** Every format that records can be written in. Adding one takes a file and a line here. */
export const SINKS: readonly RecordFormat[] = [
  {
    name: 'parquet',
    takes: 'columns',
    extensions: ['.parquet'],
    load: async () => (await import('./parquet/parquet.js')).encodeParquet,
  },
  {
    name: 'ndjson',
    takes: 'columns',
    isStream: true,
    extensions: ['.ndjson'],
    load: async () => (await import('./ndjson/ndjson.js')).encodeNdjson,
  },
  {
    name: 'ndjson.gz',
    takes: 'columns',
    extensions: ['.ndjson.gz'],
    load: async () => (await import('./ndjson/ndjson.js')).encodeNdjsonGzip,
  },
  { name: 'arrow', extensions: ['.arrow'], load: async () => (await import('./arrow/arrow.js')).encodeArrowFile },
  {
    name: 'arrow-stream',
    aliases: ['arrows'],
    isStream: true,
    extensions: ['.arrows'],
    load: async () => (await import('./arrow/arrow.js')).encodeArrowStream,
  },
  {
    name: 'csv',
    takes: 'columns',
    isStream: true,
    extensions: ['.csv'],
    load: async () => (await import('./csv/csv.js')).encodeCsv,
  },
  {
    name: 'table',
    takes: 'columns',
    extensions: ['.txt'],
    load: async () => (await import('./table/table.js')).encodeTable,
  },
];

/** A format of answers alone: a JSON array is no file of records, which begin to be read before they end. */
export const JSON_ARRAY: RecordFormat = {
  name: 'json',
  takes: 'columns',
  extensions: ['.json'],
  load: async () => (await import('./ndjson/ndjson.js')).encodeJsonArray,
};

/** What prints rows as a table into a stream that stays open: see `printRows`. */
export async function loadTablePrinter(): Promise<typeof import('./table/table.js').printRows> {
  return (await import('./table/table.js')).printRows;
}

/** Formats of plug-ins, which take no name and no ending of ours. */
export const PLUGGED_SINKS = new Plugged<SinkFormat>();

function allSinks(): readonly RecordFormat[] {
  return [...SINKS, ...PLUGGED_SINKS.all];
}

/** @throws PoolTrackerError USAGE for a name that is not in the list */
export function sinkNamed(name: string): RecordFormat {
  return itemNamed(allSinks(), name, 'output format');
}

/** @throws PoolTrackerError USAGE when the ending of the name selects no format */
export function sinkForPath(path: string): RecordFormat {
  const lower = path.toLowerCase();
  const found = allSinks().find((sink) => sink.extensions.some((extension) => lower.endsWith(extension)));
  if (found !== undefined) return found;
  throw new PoolTrackerError('USAGE', `${path}: the ending of the name does not select an output format`, {
    hint: `end it in one of ${allSinks()
      .flatMap((sink) => sink.extensions)
      .join(', ')}, or say --format`,
  });
}

/** One output of a command: which records, in which format, and where they go. */
export interface Output {
  /** Which records. */
  readonly recordType: RecordType;
  /** One of SINKS. */
  readonly format: RecordFormat;
  /** A path, or the stream to write to (standard output for `-`). */
  readonly target: string | Writable;
}

/** The parts of `[RECORD=]FILE` as written, without defaults. */
export interface OutputText {
  /** Null when the text names none. */
  readonly recordType: RecordType | null;
  readonly file: string;
}

/**
 * `pool_tag_cpu=counts.parquet` → pool_tag_cpu, counts.parquet
 *
 * @throws PoolTrackerError USAGE when the part before the `=` looks like the name of a record type but is not one
 */
export function splitOutput(text: string): OutputText {
  const match = /^([A-Za-z][A-Za-z0-9_]*)=(.*)$/s.exec(text);
  const file = match === null ? text : match[2]!;
  if (file === '')
    throw new PoolTrackerError('USAGE', `output '${text}': no file is named`, {
      hint: '-o [RECORD=]FILE, or - for standard output',
    });
  if (match === null) return { recordType: null, file };
  if (!RECORD_TYPES.some((type) => type.name === match[1])) {
    throw new PoolTrackerError('USAGE', `output '${text}': no record type is named '${match[1]}'`, {
      hint: `one of ${RECORD_TYPES.map((type) => type.name).join(', ')}; for a file of this name write ./${text}`,
    });
  }
  return { recordType: recordTypeNamed(match[1]!), file };
}

/**
 * Parses an output as `-o` takes it: `[RECORD=]FILE`, where RECORD is pool_tag by default, FILE may be `-`, and the
 * format follows from the ending unless it is given.
 *
 * @param formatName what `--format` says, if anything
 * @param records what is written where the text does not say
 * @throws PoolTrackerError USAGE for an unknown record type or format, or standard output without a format
 */
export function parseOutput(text: string, formatName?: string, records: RecordType = POOL_TAG): Output {
  const { recordType, file } = splitOutput(text);
  if (file === '-') {
    if (formatName === undefined)
      throw new PoolTrackerError('USAGE', 'standard output has no ending to choose a format by', {
        hint: 'say --format',
      });
    return { recordType: recordType ?? records, format: sinkNamed(formatName), target: process.stdout };
  }
  return {
    recordType: recordType ?? records,
    format: formatName === undefined ? sinkForPath(file) : sinkNamed(formatName),
    target: file,
  };
}
