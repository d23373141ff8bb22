import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import type { ImageFormat } from '../../../src/image/image.js';
import { PoolTrackerError } from '../../../src/errors.js';
import { readBytes } from '../../../src/source/source.js';
import { ByteStream } from '../../../src/source/stream/byte-stream.js';
import { BufferSource } from '../sources/buffer-source.js';

/** A field of a header: where it lies and how many bytes it takes. */
export type Field = readonly [offset: number, width: 1 | 2 | 4 | 8];

/** A field that makes a reader go over the file again and again shows here, whatever the machine. */
const MAX_READ = (fileLength: number): number => 4 * fileLength + 0x10000;
const MAX_READS = 1000;
const MAX_BYTES = 300 * 1024 * 1024;

/** Formats whose errors at this point name what is wrong. */
const ALLOWED = ['FORMAT_DAMAGED', 'FORMAT_REFUSED', 'NOT_AN_IMAGE'];

/**
 * Opens `file` with each field in turn at 0, 1, its greatest value, half of that and one off, and reads the first and
 * last bytes of what opens: each ends in an image or in one line of error, after little work and in little memory.
 */
export async function survivesHostileFields(
  format: ImageFormat,
  file: Buffer,
  fields: readonly Field[],
  bigEndian = false,
): Promise<void> {
  for (const [offset, width] of fields) {
    const original = Buffer.from(file.subarray(offset, offset + width));
    const value = BigInt(`0x${(bigEndian ? original : Buffer.from(original).reverse()).toString('hex')}`);
    const most = (1n << BigInt(width * 8)) - 1n;
    for (const hostile of [0n, 1n, most, most >> 1n, most - 1n, value + 1n, value - 1n]) {
      const bytes = Buffer.from(
        BigInt.asUintN(width * 8, hostile)
          .toString(16)
          .padStart(width * 2, '0'),
        'hex',
      );
      file.set(bigEndian ? bytes : bytes.reverse(), offset);
      await survives(
        format,
        file,
        `field at 0x${offset.toString(16)} = 0x${BigInt.asUintN(width * 8, hostile).toString(16)}`,
      );
    }
    file.set(original, offset);
  }
}

/** Opens the first `n` bytes for each `n`: a file cut anywhere gives what it has, or one line of error. */
export async function survivesCuts(format: ImageFormat, file: Buffer, lengths: readonly number[]): Promise<void> {
  for (const length of lengths) await survives(format, file.subarray(0, length), `cut to ${length} bytes`);
}

async function survives(format: ImageFormat, file: Buffer, what: string): Promise<void> {
  const source = new BufferSource(file, 'hostile');
  const before = process.memoryUsage.rss();
  for (const read of [readFile, readStream]) {
    try {
      await read(format, source, file, what);
    } catch (error) {
      assert.ok(error instanceof PoolTrackerError, `${what}: ${String(error instanceof Error ? error.stack : error)}`);
      assert.ok(ALLOWED.includes(error.code), `${what}: ${error.code} ${error.message}`);
      assert.match(error.message, /^hostile\b.*\S$/, what);
      assert.ok(
        !error.message.includes('\n') && !/NaN|undefined|Infinity/.test(error.message),
        `${what}: ${error.message}`,
      );
    }
  }
  assert.ok(
    source.bytesRead <= MAX_READ(file.length),
    `${what}: ${source.bytesRead} of ${file.length} bytes were read`,
  );
  assert.ok(source.reads <= MAX_READS, `${what}: ${source.reads} reads`);
  assert.ok(process.memoryUsage.rss() - before < MAX_BYTES, `${what} took ${process.memoryUsage.rss() - before} bytes`);
}

async function readFile(format: ImageFormat, source: BufferSource, file: Buffer, what: string): Promise<void> {
  const image = await format.open(source);
  assert.ok(image.runs.count <= Math.max(16, file.length), `${what}: ${image.runs.count} runs`);
  for (const run of [image.runs.at(0), image.runs.at(image.runs.count - 1)]) {
    if (run !== undefined) await readBytes(image.source, run.offset, Math.min(run.length, 0x2000));
  }
}

/** The same file through a pipe, where the format can be read from one. */
async function readStream(format: ImageFormat, _source: BufferSource, file: Buffer): Promise<void> {
  const { reader } = new ByteStream('hostile', null, Readable.from([file]));
  for await (const { length } of format.stream?.(reader, () => undefined) ?? []) await reader.skip(length);
}
