import type { ByteReader } from '../reading/byte-reader.js';
import { takeTail, type Wrapper } from './wrapper.js';
import { lzmaBytes } from './xz/lzma.js';

/** The properties that every program writes; the format has no magic, and other bytes would be anything's. */
const PROPERTIES = 0x5d;
const PROPERTIES_SIZE = 5;
const HEADER = 13;
const UNKNOWN_SIZE = 2n ** 64n - 1n;

/** As for xz: LZMA programs take 64 MiB at most without being told to. */
const MAX_DICTIONARY = 128 << 20;
const MIN_DICTIONARY = 1 << 12;

/**
 * Decodes LZMA behind its properties, a byte and the dictionary's size.
 * @param size of what it holds; null for data that end in a marker
 * @throws PoolTrackerError FORMAT_REFUSED for a dictionary that is too large; FORMAT_DAMAGED
 */
export async function* lzmaThrough(input: ByteReader, size: number | null): AsyncGenerator<Uint8Array> {
  const properties = await input.take(PROPERTIES_SIZE, 'the properties');
  const asked = Math.min(Math.max(properties.readUInt32LE(1), MIN_DICTIONARY), size ?? Infinity);
  if (asked > MAX_DICTIONARY)
    throw input.refused(
      `it takes a dictionary of ${asked} bytes to decompress; expected at most ${MAX_DICTIONARY}`,
      'decompress it first: xz -d, 7z x',
    );
  yield* lzmaBytes(input, properties.readUInt8(), asked, size);
}

/** LZMA alone (`xz --format=lzma`), of a size that is not told, as programs write it that read from a pipe. */
export const lzma: Wrapper = {
  name: 'lzma',
  title: 'lzma file',
  claims(bytes) {
    const head = Buffer.from(bytes.subarray(0, HEADER + 1));
    // A dictionary of 2^n or 2^n + 2^(n-1), the size unknown, and the range coder's first byte.
    return (
      head.length === HEADER + 1 &&
      head[0] === PROPERTIES &&
      /^1[01]0*$/.test(head.readUInt32LE(1).toString(2)) &&
      head.readBigUInt64LE(5) === UNKNOWN_SIZE &&
      head[HEADER] === 0
    );
  },
  async *unwrap(input, warn) {
    const header = await input.take(HEADER, 'the header');
    const magic = Buffer.from(header);
    input.giveBack(header.subarray(0, PROPERTIES_SIZE));
    yield* lzmaThrough(input, null);
    if (!(await input.atEnd())) await takeTail(input, magic, 'nothing follows its end, expected', warn);
  },
};
