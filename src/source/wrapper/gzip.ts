import { pipeline } from 'node:stream';
import { createInflateRaw, type InflateRaw } from 'node:zlib';
import { RunningCrc32 } from '../../codec/crc32.js';
import { messageOf, PoolTrackerError, systemErrorCode } from '../../errors.js';
import type { ByteReader } from '../reading/byte-reader.js';
import { takeTail, type Wrapper } from './wrapper.js';

/**
 * Size of the pieces given to the decoder, each of which is a round trip to a thread of Node's pool: of the first of a
 * stream, which may be short, and at most.
 */
const [FIRST_PIECE, PIECE] = [1 << 16, 1 << 18];
/** Size of the pieces that come out. */
const OUT = 1 << 20;

/** Inflates to the end of the deflate stream; bytes that the decoder was given beyond it are put back. */
export async function* inflateThrough(
  input: ByteReader,
  inflate: InflateRaw = createInflateRaw({ chunkSize: OUT }),
): AsyncGenerator<Uint8Array> {
  const unused: Buffer[] = [];
  let used = 0;
  function forgetUsed(): void {
    while (unused.length > 0 && used + unused[0]!.length <= inflate.bytesWritten) used += unused.shift()!.length;
  }
  let isOver = false;
  /** The piece that is being read: at the end of the stream one more may have been asked for. */
  let reading: Promise<Buffer | null> = Promise.resolve(null);
  async function* pieces(): AsyncGenerator<Buffer> {
    for (let size = FIRST_PIECE; !isOver; size = Math.min(PIECE, 2 * size)) {
      reading = input.next(size);
      const piece = await reading;
      if (piece === null) return;
      forgetUsed();
      unused.push(piece);
      yield piece;
    }
  }
  // The loop below sees every error; without a callback it would be thrown a second time.
  pipeline(pieces, inflate, () => undefined);
  try {
    for await (const chunk of inflate) yield chunk as Buffer;
  } catch (error) {
    if (error instanceof PoolTrackerError) throw error;
    if (systemErrorCode(error) === 'Z_BUF_ERROR') throw input.cut('the compressed data');
    throw input.damaged(`zlib says ${messageOf(error)}`, error);
  }
  isOver = true;
  // A read that fails is told here: some origins would say to who reads on that they have ended.
  await reading;
  forgetUsed();
  if (unused.length > 0) input.giveBack(Buffer.concat(unused).subarray(inflate.bytesWritten - used));
}

/** Flags of a member's header (RFC 1952, 2.3.1). */
const HEADER_CRC = 2;
const EXTRA = 4;
const NAME = 8;
const COMMENT = 16;
const RESERVED = 0xe0;

const MAGIC = Buffer.of(0x1f, 0x8b, 8);
/** Names and comments are text for people. */
const MAX_TEXT = 1 << 16;

/** gzip (RFC 1952); consecutive members form one stream. */
export const gzip: Wrapper = {
  name: 'gzip',
  title: 'gzip stream',
  claims: (head) => head[0] === 0x1f && head[1] === 0x8b,
  async *unwrap(input, warn) {
    const members = yield* gzipMembers(input);
    if (await input.atEnd()) return;
    const expected = 'no member begins, 1f 8b 08,';
    if (members === 0) throw input.damaged(`${expected} at offset ${input.offset}`);
    await takeTail(input, MAGIC, expected, warn);
  },
};

/** The contents of the members that follow, as far as there are some. @returns how many there were */
export async function* gzipMembers(input: ByteReader): AsyncGenerator<Uint8Array, number> {
  for (let members = 0; ; members++) {
    if (!(await input.peek(3)).equals(MAGIC)) return members;
    await takeHeader(input);
    yield* memberBytes(input);
  }
}

async function takeHeader(input: ByteReader): Promise<void> {
  const header = await input.take(10, "a member's header");
  const flags = header[3]!;
  if ((flags & RESERVED) !== 0)
    throw input.damaged(`a member's flags are 0x${flags.toString(16)}; expected below 0x20`);
  if ((flags & EXTRA) !== 0) {
    const length = (await input.take(2, "a member's extra field")).readUInt16LE();
    await input.take(length, "a member's extra field");
  }
  for (const text of [NAME, COMMENT]) if ((flags & text) !== 0) await takeText(input);
  if ((flags & HEADER_CRC) !== 0) await input.take(2, "the CRC of a member's header");
}

async function takeText(input: ByteReader): Promise<void> {
  for (let length = 0; length < MAX_TEXT; length++)
    if ((await input.take(1, "a member's name or comment"))[0] === 0) return;
  throw input.damaged(`a member's name or comment has more than ${MAX_TEXT} bytes`);
}

/** The contents of a member, whose CRC-32 and length stand behind it. */
async function* memberBytes(input: ByteReader): AsyncGenerator<Uint8Array> {
  const crc = new RunningCrc32();
  for await (const piece of inflateThrough(input)) {
    crc.add(piece);
    yield piece;
  }
  const trailer = await input.take(8, "a member's CRC and length");
  if (trailer.readUInt32LE(0) !== crc.value)
    throw input.damaged(`the CRC of the member before offset ${input.offset} is wrong`);
  if (trailer.readUInt32LE(4) !== crc.length % 2 ** 32)
    throw input.damaged(`the member before offset ${input.offset} has ${crc.length} bytes; its trailer says otherwise`);
}
