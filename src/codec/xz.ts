import { ReadableStream } from 'node:stream/web';
import { messageOf, PoolTrackerError } from '../errors.js';
import { requirePackage } from '../required-package.js';
import { damagedData } from './lz-window.js';

/** Size of the decoder's input buffer; a piece of this size is consumed whole. */
export const XZ_PIECE = 1 << 16;

/** enum xz_ret of xz-embedded (xz.h). */
const DECODER_ERRORS: Readonly<Record<number, string>> = {
  2: 'its check is none of CRC-32, CRC-64 and none',
  3: 'there is not memory enough for its dictionary',
  4: 'its dictionary is too large',
  5: 'a stream header is wrong',
  6: 'it uses filters or sizes that are not supported',
  7: 'a block or its check is wrong',
  8: 'a stream is cut short, or something else follows it',
};

/** Of them those that say nothing against the data. */
const UNSUPPORTED = [2, 3, 4, 6];

/**
 * Decodes xz streams, one after another, with or without Stream Padding.
 * @param pieces read one by one, no earlier than needed
 * @throws PoolTrackerError FORMAT_DAMAGED, FORMAT_REFUSED, without the file's name; whatever `pieces` throws
 */
export async function* decodeXzStream(
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const { XzReadableStream } = requirePackage('xz-decompress') as typeof import('xz-decompress');
  const { stream, failure } = readableOf(pieces);
  const reader = new XzReadableStream(stream).getReader();
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      if (read.value.length > 0) yield read.value;
    }
  } catch (error) {
    if (failure() !== undefined) throw failure();
    const code = Number(/error code (\d+)/.exec(messageOf(error))?.[1]);
    const problem = `xz: ${DECODER_ERRORS[code] ?? messageOf(error)}`;
    throw UNSUPPORTED.includes(code) ? new PoolTrackerError('FORMAT_REFUSED', problem) : damagedData(problem);
  } finally {
    // Lets the next decoder begin: the package runs one at a time.
    await reader.cancel().catch(() => undefined);
  }
}

/**
 * The pieces in the form that the package takes, and the error that reading them threw: the package replaces every
 * error by its own.
 */
function readableOf(pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): {
  stream: ReadableStream<Uint8Array>;
  failure: () => unknown;
} {
  let failure: unknown;
  const iterator = (async function* () {
    yield* pieces;
  })();
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await iterator.next();
          if (done) controller.close();
          else controller.enqueue(value);
        } catch (error) {
          failure = error;
          controller.error(error);
        }
      },
      cancel: async () => void (await iterator.return()),
    },
    { highWaterMark: 0 },
  );
  return { stream, failure: () => failure };
}
