import { decodeXzStream, XZ_PIECE } from '../../codec/xz.js';
import { messageOf, PoolTrackerError } from '../../errors.js';
import type { Wrapper } from './wrapper.js';
import type { WrapperInput } from '../reading/byte-reader.js';
import { HEADER_SIZE, XZ_MAGIC } from './xz-format.js';
import { openXzIndex, xzSize } from './xz-index.js';

const LZMA2 = 0x21;
const LARGEST_DICTIONARY = 128 << 20;

/** xz; streams one behind another, with padding between them, are one. */
export const xz: Wrapper = {
  name: 'xz',
  title: 'xz file',
  claims: (head) => XZ_MAGIC.equals(head.subarray(0, XZ_MAGIC.length)),
  async *unwrap(input) {
    await checkHead(input);
    try {
      yield* decodeXzStream(pieces(input));
    } catch (error) {
      if (error instanceof PoolTrackerError && error.code !== 'FORMAT_DAMAGED') throw error;
      throw input.damaged(messageOf(error), error);
    }
  },
  openIndexed: openXzIndex,
  unwrappedSize: xzSize,
};

/** Stream Header (2.1.1) and, behind it, the header of the first block (3.1) when it is plain LZMA2. */
async function checkHead(input: WrapperInput): Promise<void> {
  const head = await input.peek(HEADER_SIZE + 24);
  const filter = head.indexOf(Buffer.of(LZMA2, 1), HEADER_SIZE + 2);
  if (filter < 0 || filter + 2 >= head.length) return;
  const bits = head[filter + 2]! & 0x3f;
  const dictionary = bits >= 40 ? 2 ** 32 : (2 + (bits & 1)) * 2 ** ((bits >> 1) + 11);
  if (dictionary > LARGEST_DICTIONARY) {
    throw input.refused(`it takes a dictionary of ${dictionary} bytes to decompress; expected at most ${LARGEST_DICTIONARY}`, 'decompress it first: xz -d');
  }
}

async function* pieces(input: WrapperInput): AsyncGenerator<Uint8Array> {
  for (let piece = await input.next(XZ_PIECE); piece !== null; piece = await input.next(XZ_PIECE)) yield piece;
}
