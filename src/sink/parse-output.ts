import type { Writable } from 'node:stream';
import { PoolTrackerError } from '../errors.js';
import { POOL_TAG } from '../record/schema/record-types.js';
import type { RecordType } from '../record/schema/record-type.js';
import { RECORD_TYPES, recordTypeNamed } from '../record/record-types.js';
import type { SinkFormat } from './sink.js';
import { sinkForPath, sinkNamed } from './sinks.js';

/** One output of a command: what goes there, in which format, where. */
export interface Output {
  readonly recordType: RecordType;
  readonly format: SinkFormat;
  /** A path, or the stream to write to (standard output for `-`). */
  readonly target: string | Writable;
}

/** The parts of `[RECORD=]FILE` before any of them is filled in. */
export interface OutputText {
  /** Null when the text names none. */
  readonly recordType: RecordType | null;
  readonly file: string;
}

/**
 * `pool_tag_cpu=counts.parquet` → pool_tag_cpu, counts.parquet
 *
 * @throws PoolTrackerError USAGE when what stands before the `=` looks like the name of a record type and is none
 */
export function splitOutput(text: string): OutputText {
  const match = /^([A-Za-z][A-Za-z0-9_]*)=(.*)$/s.exec(text);
  const file = match === null ? text : match[2]!;
  if (file === '') throw new PoolTrackerError('USAGE', `output '${text}': no file is named`, { hint: '-o [RECORD=]FILE, or - for standard output' });
  if (match === null) return { recordType: null, file };
  if (!RECORD_TYPES.some((type) => type.name === match[1])) {
    throw new PoolTrackerError('USAGE', `output '${text}': no record type is named '${match[1]}'`, {
      hint: `one of ${RECORD_TYPES.map((type) => type.name).join(', ')}; for a file of this name write ./${text}`,
    });
  }
  return { recordType: recordTypeNamed(match[1]!), file };
}

/**
 * Parses an output as `-o` takes it: `[RECORD=]FILE`, where RECORD is pool_tag unless named, FILE may be `-`, and the
 * format follows from the ending unless it is given.
 *
 * @param formatName what `--format` says, if anything
 * @throws PoolTrackerError USAGE for an unknown record type or format, or standard output without a format
 */
export function parseOutput(text: string, formatName?: string): Output {
  const { recordType, file } = splitOutput(text);
  if (file === '-') {
    if (formatName === undefined) throw new PoolTrackerError('USAGE', 'standard output has no ending to choose a format by', { hint: 'say --format' });
    return { recordType: recordType ?? POOL_TAG, format: sinkNamed(formatName), target: process.stdout };
  }
  return { recordType: recordType ?? POOL_TAG, format: formatName === undefined ? sinkForPath(file) : sinkNamed(formatName), target: file };
}
