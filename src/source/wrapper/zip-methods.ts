import { breathe } from '../../breathe.js';
import { Deflate64, DEFLATE64_MARGIN } from '../../codec/deflate64.js';
import { messageOf } from '../../errors.js';
import { type ByteReader, readerOf } from '../reading/byte-reader.js';
import { ZIP_METHOD } from '../zip-directory.js';
import { bzip2 } from './bzip2.js';
import { inflateThrough } from './gzip.js';
import { lzmaThrough } from './lzma.js';
import type { Warn, Wrapper } from './wrapper.js';
import { xz } from './xz.js';
import { zstd } from './zstd.js';

/** A member of a zip archive, behind whose header the input stands. */
export interface PackedMember {
  /** The name as a message shows it; never used as a path. */
  readonly title: string;
  /** A compression method (APPNOTE.TXT 4.4.5). */
  readonly method: number;
  /** Compressed and uncompressed bytes; null when they are only stored after the data. */
  readonly storedSize: number | null;
  readonly size: number | null;
}

/** Methods whose data tell themselves where they end. */
const SELF_ENDING: Readonly<Record<number, (input: ByteReader, member: PackedMember) => AsyncIterable<Uint8Array>>> = {
  [ZIP_METHOD.deflated]: (input) => inflateThrough(input),
  9: inflate64Through,
  14: lzmaMember,
};

/** Methods that are streams of their own, to the end of the member. */
const WRAPPED: Readonly<Record<number, Wrapper>> = { 12: bzip2, 20: zstd, 93: zstd, 95: xz };

/** Those that are not read, by the names that programs show. */
const REFUSED: Readonly<Record<number, string>> = {
  1: 'Shrink',
  6: 'Implode',
  96: 'JPEG',
  97: 'WavPack',
  98: 'PPMd',
  99: 'AES encryption',
};

/**
 * What a member holds, whose CRC-32 the caller verifies.
 * @throws PoolTrackerError FORMAT_REFUSED for a method that is not read; FORMAT_DAMAGED
 */
export async function* memberBytes(input: ByteReader, member: PackedMember, warn: Warn): AsyncGenerator<Uint8Array> {
  const { title, method, storedSize } = member;
  const selfEnding = SELF_ENDING[method];
  if (selfEnding !== undefined) return yield* selfEnding(input, member);
  const inner = WRAPPED[method];
  if (method !== ZIP_METHOD.stored && inner === undefined)
    throw input.refused(
      `its member ${title} is compressed by ${REFUSED[method] ?? `method ${method}`}`,
      'unpack it first: 7z x',
    );
  if (storedSize === null)
    throw input.refused(`the size of its member ${title} is told only behind it`, 'unpack it first');
  const stored = storedBytes(input, title, storedSize);
  if (inner === undefined) yield* stored;
  else yield* inner.unwrap(readerOf(stored, input.name, 'zip file'), warn);
}

async function* storedBytes(input: ByteReader, title: string, size: number): AsyncGenerator<Uint8Array> {
  for (let left = size; left > 0;) {
    const piece = await input.next(left);
    if (piece === null) throw input.cut(`its member ${title}`);
    left -= piece.length;
    yield piece;
  }
}

/** LZMA behind its version and the size of its properties (APPNOTE.TXT 5.8); a marker may stand behind its end. */
async function* lzmaMember(input: ByteReader, { title, storedSize, size }: PackedMember): AsyncGenerator<Uint8Array> {
  const packed = storedSize === null ? input : readerOf(storedBytes(input, title, storedSize), input.name, 'zip file');
  const length = (await packed.take(4, 'the properties of LZMA')).readUInt16LE(2);
  if (length !== 5) throw input.damaged(`the properties of LZMA have ${length} bytes; expected 5`);
  yield* lzmaThrough(packed, size);
  if (storedSize !== null) while ((await packed.next()) !== null);
}

/** Size of the pieces given to the decoder. */
const PIECE = 1 << 16;

/** Inflates Deflate64 to the end of its stream. */
async function* inflate64Through(input: ByteReader): AsyncGenerator<Uint8Array> {
  const decoder = new Deflate64();
  while (!decoder.done) {
    await breathe();
    const ahead = await input.peek(PIECE);
    const isEnd = ahead.length < PIECE;
    const used = decode(input, decoder, isEnd ? Buffer.concat([ahead, Buffer.alloc(DEFLATE64_MARGIN)]) : ahead);
    if (used > ahead.length) throw input.cut('the compressed data');
    await input.skip(used);
    const piece = decoder.take();
    if (piece.length > 0) yield piece;
  }
}

function decode(input: ByteReader, decoder: Deflate64, bytes: Uint8Array): number {
  try {
    return decoder.decode(bytes);
  } catch (error) {
    throw input.damaged(`near offset ${input.offset}: ${messageOf(error)}`, error);
  }
}
