import { readBytes, type Source } from './source.js';

/** Bytes read at a time. */
const PIECE = 1 << 20;

/** All bytes of a source in order, from the first to the last; one piece is read ahead. */
export async function* sourceBytes(source: Source): AsyncGenerator<Buffer> {
  let ahead = readBytes(source, 0, PIECE);
  for (let offset = 0; ; ) {
    const piece = await ahead;
    if (piece.length === 0) return;
    offset += piece.length;
    ahead = readBytes(source, offset, PIECE);
    // It is awaited above, but not before the consumer comes back.
    ahead.catch(() => undefined);
    yield piece;
  }
}
