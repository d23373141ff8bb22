import { breathe } from '../../../breathe.js';
import { Lzma, LZMA_MARGIN, LZMA_START } from '../../../codec/lzma/lzma.js';
import { messageOf } from '../../../errors.js';
import type { ByteReader } from '../../reading/byte-reader.js';

/** A chunk of LZMA2 by its first byte: 1 and 2 are uncompressed, from here on compressed. */
const COMPRESSED = 0x80;
const RESETS_DICTIONARY = 1;
const STORED = 2;

/** How much a compressed chunk resets, in bits 5 and 6 of its first byte. */
const RESET = { state: 1, properties: 2, dictionary: 3 } as const;

/**
 * Decodes LZMA2 to its end.
 * @param dictionary size in bytes, which the caller has bounded
 * @throws PoolTrackerError FORMAT_DAMAGED
 */
export async function* lzma2Bytes(input: ByteReader, dictionary: number): AsyncGenerator<Uint8Array> {
  const decoder = new Lzma(dictionary);
  /** What the next chunk must reset at least. */
  let needed: number = RESET.dictionary;
  for (;;) {
    await breathe();
    const control = (await input.take(1, 'a chunk'))[0]!;
    if (control === 0) return;
    if (control > STORED && control < COMPRESSED)
      throw input.damaged(`a chunk begins with ${control}; expected 0 to 2, or 128 or more`);
    const size = (await input.take(2, 'a chunk')).readUInt16BE() + 1;
    if (control < COMPRESSED) {
      if (control === RESETS_DICTIONARY) {
        decoder.resetDictionary();
        needed = Math.min(needed, RESET.properties);
      } else if (needed === RESET.dictionary) throw input.damaged('its first chunk does not reset the dictionary');
      decoder.store(await input.take(size, 'a chunk'));
      yield decoder.take();
      continue;
    }
    const reset = (control >> 5) & 3;
    if (reset < needed) throw input.damaged('a chunk resets less than the one before it asks for');
    const packed = (await input.take(2, 'a chunk')).readUInt16BE() + 1;
    const properties = reset >= RESET.properties ? (await input.take(1, 'a chunk'))[0]! : null;
    const chunk = await input.take(packed, 'a chunk');
    try {
      if (reset === RESET.dictionary) decoder.resetDictionary();
      if (properties !== null) decoder.setProperties(properties);
      else if (reset === RESET.state) decoder.resetState();
      needed = 0;
      if (packed < LZMA_START) throw new Error(`a chunk has ${packed} bytes; expected at least ${LZMA_START}`);
      decoder.beginRange(chunk);
    } catch (error) {
      throw input.damaged(`before offset ${input.offset}: ${messageOf(error)}`, error);
    }
    yield* chunkBytes(input, decoder, chunk, size + ((control & 0x1f) << 16));
  }
}

function* chunkBytes(input: ByteReader, decoder: Lzma, chunk: Buffer, size: number): Generator<Buffer> {
  let at = LZMA_START;
  for (let left = size; left > 0;) {
    at = decodeSome(input, decoder, chunk, at, chunk.length, left);
    const piece = decoder.take();
    if (piece.length === 0) break;
    left -= piece.length;
    yield piece;
    if (left === 0 && at === chunk.length && decoder.isFlushed) return;
  }
  throw input.damaged(`the chunk before offset ${input.offset} does not hold what it says`);
}

/** Size of the pieces given to the decoder. */
const PIECE = 1 << 16;

/**
 * Decodes a stream of LZMA to the marker of its end, or to its size where that is known.
 * @param properties the byte that says how literals and positions are told apart
 * @throws PoolTrackerError FORMAT_DAMAGED
 */
export async function* lzmaBytes(
  input: ByteReader,
  properties: number,
  dictionary: number,
  size: number | null,
): AsyncGenerator<Uint8Array> {
  const decoder = new Lzma(dictionary);
  const start = await input.take(LZMA_START, 'the compressed data');
  try {
    decoder.setProperties(properties);
    decoder.beginRange(start);
  } catch (error) {
    throw input.damaged(messageOf(error), error);
  }
  for (let left = size ?? Infinity; left > 0 && !decoder.ended;) {
    await breathe();
    const ahead = await input.peek(PIECE);
    const isEnd = ahead.length < PIECE;
    const bytes = isEnd ? Buffer.concat([ahead, Buffer.alloc(LZMA_MARGIN)]) : ahead;
    const used = decodeSome(input, decoder, bytes, 0, bytes.length - LZMA_MARGIN, left);
    if (used > ahead.length) throw input.cut('the compressed data');
    await input.skip(used);
    const piece = decoder.take();
    left -= piece.length;
    if (piece.length > 0) yield piece;
    if (decoder.ended && left > 0 && size !== null) throw input.damaged(`it ends ${left} bytes before its size`);
  }
}

function decodeSome(input: ByteReader, decoder: Lzma, bytes: Buffer, at: number, end: number, left: number): number {
  try {
    return decoder.decode(bytes, at, end, left);
  } catch (error) {
    throw input.damaged(`near offset ${input.offset}: ${messageOf(error)}`, error);
  }
}
