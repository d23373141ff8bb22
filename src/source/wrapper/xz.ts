import { Readable } from 'node:stream';
import { decodeXzStream, XZ_PIECE } from '../../codec/xz.js';
import { messageOf, PoolTrackerError } from '../../errors.js';
import { type ByteReader, readerOf } from '../reading/byte-reader.js';
import { MAX_TAIL, type Warn, type Wrapper } from './wrapper.js';
import { lastFooterEnd, openXzIndex, XZ_MAGIC, xzSize } from './xz/block-index.js';
import { isPlain, xzStreams } from './xz/streams.js';

/** xz; consecutive streams, with padding between them, form one. */
export const xz: Wrapper = {
  name: 'xz',
  title: 'xz file',
  claims: (head) => XZ_MAGIC.equals(head.subarray(0, XZ_MAGIC.length)),
  async *unwrap(input, warn) {
    const isEasy = await isPlain(input);
    const pieces = withoutTail(input, warn);
    if (!isEasy) return yield* xzStreams(readerOf(pieces, input.name, xz.title));
    try {
      yield* decodeXzStream(pieces);
    } catch (error) {
      if (!(error instanceof PoolTrackerError) || error.code === 'FORMAT_DAMAGED')
        throw input.damaged(messageOf(error), error);
      if (error.code === 'FORMAT_REFUSED' && error.hint === null)
        throw input.refused(error.message, 'decompress it first: xz -d');
      throw error;
    }
  },
  openIndexed: (source) => openXzIndex(source, (streams) => decodeWhole(streams, source.name)),
  unwrappedSize: xzSize,
};

async function* decodeWhole(streams: readonly Uint8Array[], name: string): AsyncGenerator<Uint8Array> {
  const input = readerOf(Readable.from(streams), name, xz.title);
  yield* (await isPlain(input)) ? decodeXzStream(streams) : xzStreams(input);
}

/**
 * The input, the end of which is held back until it is known: what stands behind the last footer is no part of a
 * stream, and the decoder would refuse it.
 */
async function* withoutTail(input: ByteReader, warn: Warn): AsyncGenerator<Uint8Array> {
  let held = Buffer.alloc(0);
  for (let piece = await input.next(XZ_PIECE); piece !== null; piece = await input.next(XZ_PIECE)) {
    held = Buffer.concat([held, piece]);
    if (held.length < 2 * MAX_TAIL) continue;
    yield* cutInPieces(held.subarray(0, held.length - MAX_TAIL));
    held = held.subarray(held.length - MAX_TAIL);
  }
  const end = lastFooterEnd(held);
  const tail = held.subarray(end ?? held.length);
  // Stream Padding (2.2) is the decoder's: zeros, four at a time.
  const isPadding = tail.length % 4 === 0 && tail.every((byte) => byte === 0);
  if (end === null || isPadding || tail.includes(XZ_MAGIC)) return yield* cutInPieces(held);
  yield* cutInPieces(held.subarray(0, end));
  warn({
    code: 'trailing-bytes',
    message: `${input.label}: the last ${tail.length} bytes stand behind its end and are left out`,
  });
}

function* cutInPieces(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += XZ_PIECE) yield bytes.subarray(at, at + XZ_PIECE);
}
