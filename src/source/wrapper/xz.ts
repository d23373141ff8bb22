import { messageOf, PoolTrackerError } from '../../errors.js';
import type { Wrapper } from './wrapper.js';
import type { WrapperInput } from './wrapper-input.js';
import { FOOTER_SIZE, HEADER_SIZE, parseFooter, XZ_MAGIC } from './xz-format.js';
import { openXzIndex, xzSize } from './xz-index.js';
import { decodeXzStream, XZ_PIECE } from './xz-stream.js';

const LZMA2 = 0x21;
const LARGEST_DICTIONARY = 128 << 20;

/** xz; streams one behind another, with padding between them, are one. */
export const xz: Wrapper = {
  name: 'xz',
  title: 'xz file',
  claims: (head) => XZ_MAGIC.equals(head.subarray(0, XZ_MAGIC.length)),
  async *unwrap(input) {
    while (!(await input.atEnd())) {
      await checkHead(input);
      yield* streamBytes(input);
      while ((await input.peek(4)).equals(Buffer.alloc(4))) input.skip(4);
    }
  },
  openIndexed: openXzIndex,
  unwrappedSize: xzSize,
};

/** Stream Header (2.1.1) and, behind it, the header of the first block (3.1) when it is plain LZMA2. */
async function checkHead(input: WrapperInput): Promise<void> {
  const head = await input.peek(HEADER_SIZE + 24);
  if (!head.subarray(0, XZ_MAGIC.length).equals(XZ_MAGIC)) throw input.damaged(`no stream begins at offset ${input.taken}`);
  const filter = head.indexOf(Buffer.of(LZMA2, 1), HEADER_SIZE + 2);
  if (filter < 0 || filter + 2 >= head.length) return;
  const bits = head[filter + 2]! & 0x3f;
  const dictionary = bits >= 40 ? 2 ** 32 : (2 + (bits & 1)) * 2 ** ((bits >> 1) + 11);
  if (dictionary > LARGEST_DICTIONARY) {
    throw input.refused(`it takes a dictionary of ${dictionary} bytes to decompress; expected at most ${LARGEST_DICTIONARY}`, 'decompress it first: xz -d');
  }
}

async function* streamBytes(input: WrapperInput): AsyncGenerator<Uint8Array> {
  let before: Buffer = Buffer.alloc(0);
  let last: Buffer = Buffer.alloc(0);
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let piece = await input.next(XZ_PIECE); piece !== null; piece = await input.next(XZ_PIECE)) {
      before = Buffer.concat([before, last]).subarray(-FOOTER_SIZE);
      last = piece;
      yield piece;
    }
  }
  try {
    yield* decodeXzStream(pieces());
  } catch (error) {
    if (error instanceof PoolTrackerError && error.code !== 'FORMAT_DAMAGED') throw error;
    throw input.damaged(messageOf(error), error);
  }
  input.giveBack(last.subarray(streamEnd(before, last)));
}

/** Where the stream ends in the last piece that was decoded: behind its footer, which the decoder has checked. */
function streamEnd(before: Buffer, last: Buffer): number {
  const both = Buffer.concat([before, last]);
  for (let end = 1; end < last.length; end++) {
    const at = before.length + end - FOOTER_SIZE;
    if (at >= 0 && parseFooter(both.subarray(at, at + FOOTER_SIZE)) !== null) return end;
  }
  return last.length;
}
