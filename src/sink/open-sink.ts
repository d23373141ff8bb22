import { once } from 'node:events';
import { createWriteStream, type Stats } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { PassThrough, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { RecordBatch } from 'apache-arrow';
import { PoolTrackerError, systemErrorCode } from '../errors.js';
import { columnsOfBatch } from '../record/columns/batch-columns.js';
import type { ColumnBatch } from '../record/columns/column-data.js';
import { columnsOfRows, type RowsInGroups } from '../record/columns/columns-of-rows.js';
import type { RecordType } from '../record/schema/record-type.js';
import { isClosedPipe, outputExists, outputFailed } from './file/output-error.js';
import { WholeFile } from './file/whole-file.js';
import type { EncodeOptions, RecordFormat } from './sink.js';
import type { Output } from './sinks.js';

/** Where the bytes go. */
export interface Target {
  /** For messages. */
  readonly name: string;
  readonly stream: Writable;
  /** Whether the stream is ended when the records end. */
  readonly end: boolean;
}

type Encoder = (batches: AsyncIterable<unknown>) => AsyncIterable<Uint8Array>;

/** Batches of either kind as columns. */
async function* columnsOf(batches: AsyncIterable<unknown>, recordType: RecordType): AsyncGenerator<ColumnBatch> {
  for await (const batch of batches as AsyncIterable<RecordBatch | ColumnBatch>)
    yield 'columns' in batch ? batch : columnsOfBatch(batch, recordType);
}

/**
 * A Writable of record batches, or of plain columns where its format takes them, that encodes them into a Writable of
 * bytes. It takes no batch that the encoder has not asked for, finishes when all bytes are written, and closes when the
 * target has closed; destroying one destroys the other.
 */
export class EncodingSink extends Writable {
  private readonly batches = new PassThrough({ objectMode: true, highWaterMark: 1 });
  private readonly encoded: Promise<void>;
  private readonly targetClosed: Promise<void>;

  private constructor(
    private readonly encode: Encoder,
    readonly recordType: RecordType,
    readonly takesColumns: boolean,
    target: Target,
  ) {
    super({ objectMode: true, highWaterMark: 1 });
    // An encoder may fail before anything is piped here: `pipelineInto` tells of it then. After that, whoever writes does.
    const quiet = (): void => undefined;
    this.on('error', quiet);
    this.once('pipe', () => this.off('error', quiet));
    this.encoded = pipeline(this.batches, this.encode, target.stream, { end: target.end });
    this.targetClosed = target.end ? new Promise((resolve) => target.stream.once('close', resolve)) : Promise.resolve();
    this.encoded.catch((error: Error) =>
      this.destroy(systemErrorCode(error) === null || isClosedPipe(error) ? error : outputFailed(target.name, error)),
    );
  }

  /** Loads the encoder of a format. */
  static async of(
    format: RecordFormat,
    recordType: RecordType,
    options: EncodeOptions,
    open: () => Promise<Target>,
  ): Promise<EncodingSink> {
    if (!('takes' in format)) {
      const encode = await format.load();
      const encoder: Encoder = (source) => encode(source as AsyncIterable<RecordBatch>, recordType, options);
      return new EncodingSink(encoder, recordType, false, await open());
    }
    const encode = await format.load();
    const encoder: Encoder = (source) => encode(columnsOf(source, recordType), recordType, options);
    return new EncodingSink(encoder, recordType, true, await open());
  }

  override _write(batch: RecordBatch | ColumnBatch, _encoding: BufferEncoding, done: () => void): void {
    if (this.batches.write(batch)) done();
    else this.batches.once('drain', done);
  }

  override _final(done: (error?: Error) => void): void {
    this.batches.end();
    this.encoded.then(
      () => done(),
      () => undefined,
    );
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.batches.destroy(error ?? undefined);
    this.encoded
      .catch(() => undefined)
      .then(() => this.targetClosed)
      .then(
        () => done(error),
        () => done(error),
      );
  }
}

/**
 * Opens a path for writing. A regular file appears whole or not at all; a device or a named pipe (`/dev/null`,
 * `/dev/stdout`) is written to directly, since replacing it by a file would take it away from everyone else.
 *
 * @throws PoolTrackerError OUTPUT_EXISTS, OUTPUT_FAILED
 */
export async function openTarget(path: string, force: boolean): Promise<Writable> {
  const found = await statIfExists(path);
  if (found === null) return WholeFile.open(path, force);
  if (found.isDirectory())
    throw new PoolTrackerError('OUTPUT_FAILED', `cannot write ${path}: it is a directory`, {
      data: { path, code: 'EISDIR' },
      hint: 'name a file in it',
    });
  if (!found.isFile()) return createWriteStream(path);
  if (!force) throw outputExists(path);
  return WholeFile.open(await realpath(path), force, found.mode & 0o777);
}

async function statIfExists(path: string): Promise<Stats | null> {
  try {
    return await stat(path);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return null;
    throw outputFailed(path, error);
  }
}

/** How an output is opened and encoded. */
export interface SinkOptions extends EncodeOptions {
  /** Replace a file that exists. */
  readonly force?: boolean;
}

/** The same for files that nobody but this program sees. */
export interface StagedSinkOptions extends SinkOptions {
  /** Whether the file lies in a folder of unfinished ones, and is moved when it is whole: see `WholeFile.staged`. */
  readonly staged?: boolean;
}

/**
 * Opens an output as a Writable of Arrow record batches; all batches are of the given record type.
 *
 * A path becomes a file that appears whole or not at all. A stream (standard output, a socket) is written to as the
 * records arrive and left open at the end; when its reader goes away, the sink fails with the system's EPIPE (see
 * `isClosedPipe`).
 *
 * @throws PoolTrackerError OUTPUT_EXISTS, OUTPUT_FAILED
 */
export async function openSink(output: Output, options: StagedSinkOptions = {}): Promise<Writable> {
  const { target } = output;
  return EncodingSink.of(output.format, output.recordType, options, async () =>
    typeof target === 'string'
      ? { name: target, stream: await openFile(target, options), end: true }
      : { name: 'standard output', stream: target, end: false },
  );
}

function openFile(path: string, { force = false, staged = false }: StagedSinkOptions): Promise<Writable> {
  return staged ? WholeFile.staged(path) : openTarget(path, force);
}

type Stage = AsyncIterable<unknown> | NodeJS.ReadWriteStream;

/**
 * `pipeline` into a sink. When it fails, it also waits until the sink has cleaned up, so that nothing is left of its
 * file.
 *
 * @param stages the source, and the transforms between it and the sink
 */
export async function pipelineInto(sink: Writable, ...stages: readonly [Stage, ...Stage[]]): Promise<void> {
  try {
    await pipeline([...stages, sink] as never);
  } catch (error) {
    if (!sink.closed) await once(sink, 'close');
    throw sink.errored ?? error;
  }
}

/**
 * Writes rows into a sink: as plain columns where it takes them, else as record batches.
 * @param capacity rows of a full batch
 * @returns how many rows
 * @throws PoolTrackerError INTERNAL for a row that does not fit the record type
 */
export async function writeRows(
  recordType: RecordType,
  rows: RowsInGroups,
  sink: Writable,
  capacity?: number,
): Promise<number> {
  let written = 0;
  async function* counted(batches: AsyncIterable<RecordBatch | ColumnBatch>): AsyncGenerator<unknown> {
    for await (const batch of batches) {
      written += batch.numRows;
      yield batch;
    }
  }
  if (sink instanceof EncodingSink && sink.takesColumns)
    await pipelineInto(sink, counted(columnsOfRows(recordType, rows, capacity)));
  else {
    const { packRows } = await import('../record/arrow/record-batches.js');
    await pipelineInto(sink, counted(packRows(recordType, rows, capacity)));
  }
  return written;
}
