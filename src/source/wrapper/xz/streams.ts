import { createHash } from 'node:crypto';
import { crc32 } from '../../../codec/crc32.js';
import type { ByteReader } from '../../reading/byte-reader.js';
import { encoded, FOOTER_SIZE, HEADER_SIZE, parseFooter, XZ_MAGIC } from './block-index.js';
import { CHECKS } from './checks.js';
import { BRANCH_FILTERS, branchFilter, deltaFilter, type Filter } from './filters.js';
import { lzma2Bytes } from './lzma.js';

const DECOMPRESS = 'decompress it first: xz -d';

/** Filters by their numbers (xz-file-format.txt, 5.3), those that are not read by the names that `xz` has for them. */
const DELTA = 3;
const LZMA2 = 0x21;
const REFUSED: Readonly<Record<number, string>> = { 6: 'ia64', 11: 'riscv' };

/** `xz -9` takes 64 MiB. */
const MAX_DICTIONARY = 128 << 20;
const MAX_HEADER = 1024;
/** A list of zeros to the next four bytes stands behind blocks and indexes. */
const ALIGNMENT = 4;

/** What a block's header (3.1) asks for. */
interface BlockPlan {
  readonly dictionary: number;
  /** In the order in which they are undone. */
  readonly filters: readonly (() => Filter)[];
}

/**
 * Whether the decoder in WebAssembly reads the streams: it has LZMA2 alone, and no SHA-256. The header of the first
 * stream and block tell; those of further ones are alike, unless someone joined them.
 * @throws PoolTrackerError FORMAT_REFUSED for what is not read at all
 */
export async function isPlain(input: ByteReader): Promise<boolean> {
  const head = await input.peek(HEADER_SIZE + MAX_HEADER);
  const check = checkOf(input, head);
  const header = head.subarray(HEADER_SIZE, HEADER_SIZE + ((head[HEADER_SIZE] ?? 0) + 1) * 4);
  // What a header says whose own checksum is wrong is damage, which the decoder tells.
  const isSound =
    header.length >= 8 && header[0] !== 0 && crc32(header.subarray(0, -4)) === header.readUInt32LE(header.length - 4);
  if (!isSound) return check !== SHA_256;
  return planOf(input, header).filters.length === 0 && check !== SHA_256;
}

const SHA_256 = 10;

function checkOf(input: ByteReader, streamHeader: Buffer): number {
  const check = (streamHeader[7] ?? 0) & 0x0f;
  if (CHECKS[check] === undefined) throw input.refused(`its check is number ${check}, which is not read`, DECOMPRESS);
  return check;
}

/** @throws PoolTrackerError FORMAT_REFUSED, FORMAT_DAMAGED */
function planOf(input: ByteReader, header: Buffer): BlockPlan {
  let at = 2;
  const number = (): number => {
    let value = 0;
    for (let scale = 1; at < header.length; scale *= 128) {
      const byte = header[at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
    }
    return value;
  };
  const flags = header[1]!;
  for (const present of [0x40, 0x80]) if ((flags & present) !== 0) number();
  const filters: (() => Filter)[] = [];
  for (let left = flags & 3; left >= 0; left--) {
    const id = number();
    const length = number();
    const properties = header.subarray(at, at + length);
    at += length;
    if (id === LZMA2)
      return { dictionary: dictionaryOf(input, (properties[0] ?? 0) & 0x3f), filters: filters.reverse() };
    const branch = BRANCH_FILTERS[id];
    if (id === DELTA) filters.push(() => deltaFilter((properties[0] ?? 0) + 1));
    else if (branch !== undefined)
      filters.push(() => branchFilter(branch(), properties.length < 4 ? 0 : properties.readUInt32LE()));
    else throw input.refused(`it uses the filter ${REFUSED[id] ?? `number ${id}`}, which is not read`, DECOMPRESS);
  }
  throw input.damaged('a block is not compressed by LZMA2');
}

function dictionaryOf(input: ByteReader, bits: number): number {
  const dictionary = bits >= 40 ? 2 ** 32 : (2 + (bits & 1)) * 2 ** ((bits >> 1) + 11);
  if (dictionary <= MAX_DICTIONARY) return dictionary;
  throw input.refused(
    `it takes a dictionary of ${dictionary} bytes to decompress; expected at most ${MAX_DICTIONARY}`,
    DECOMPRESS,
  );
}

/** What streams hold whose filters and checks the decoder in WebAssembly lacks; every check is verified. */
export async function* xzStreams(input: ByteReader): AsyncGenerator<Uint8Array> {
  for (let streams = 0; !(await input.atEnd()); streams++) {
    if (streams > 0 && (await input.peek(ALIGNMENT)).equals(Buffer.alloc(ALIGNMENT))) await input.skip(ALIGNMENT);
    else yield* streamBytes(input);
  }
}

async function* streamBytes(input: ByteReader): AsyncGenerator<Uint8Array> {
  const header = await input.take(HEADER_SIZE, 'a stream header');
  if (!header.subarray(0, XZ_MAGIC.length).equals(XZ_MAGIC))
    throw input.damaged(`no stream begins before offset ${input.offset}`);
  const flags = header.subarray(6, 8);
  if (crc32(flags) !== header.readUInt32LE(8)) throw input.damaged('the CRC of a stream header is wrong');
  const check = checkOf(input, header);
  /** Of the records that the index must have. */
  const records = createHash('sha256');
  let [count, length] = [0, 0];
  for (; (await input.peek(1))[0] !== 0; count++) {
    const record = yield* blockBytes(input, check);
    records.update(record);
    length += record.length;
  }
  await takeIndex(input, { count, length, digest: records.digest() }, flags);
}

/** @returns the block's record in the index (4.3) */
async function* blockBytes(input: ByteReader, check: number): AsyncGenerator<Uint8Array, Buffer> {
  const start = input.offset;
  const header = await input.take(((await input.peek(1)).readUInt8() + 1) * 4, 'a block header');
  if (crc32(header.subarray(0, -4)) !== header.readUInt32LE(header.length - 4))
    throw input.damaged(`the CRC of the block header before offset ${input.offset} is wrong`);
  const { dictionary, filters } = planOf(input, header.subarray(0, -4));
  const verified = CHECKS[check]!();
  let size = 0;
  for await (const piece of filtered(
    lzma2Bytes(input, dictionary),
    filters.map((make) => make()),
  )) {
    verified.add(piece);
    size += piece.length;
    if (piece.length > 0) yield piece;
  }
  const unpadded = input.offset - start + verified.size;
  await takePadding(input, input.offset - start);
  if (!(await input.take(verified.size, "a block's check")).equals(verified.value()))
    throw input.damaged(`the check of the block before offset ${input.offset} is wrong`);
  return Buffer.from([...encoded(unpadded), ...encoded(size)]);
}

async function* filtered(pieces: AsyncIterable<Uint8Array>, filters: readonly Filter[]): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) yield filters.reduce<Uint8Array>((bytes, filter) => filter.push(bytes), piece);
  for (let ended = 0; ended < filters.length; ended++)
    yield filters.slice(ended + 1).reduce<Uint8Array>((bytes, filter) => filter.push(bytes), filters[ended]!.end());
}

async function takePadding(input: ByteReader, length: number): Promise<Buffer> {
  const padding = await input.take(-length & (ALIGNMENT - 1), 'padding');
  if (padding.some((byte) => byte !== 0)) throw input.damaged(`the padding before offset ${input.offset} is not zero`);
  return padding;
}

interface Records {
  readonly count: number;
  readonly length: number;
  readonly digest: Buffer;
}

/** Takes the index (4) and the Stream Footer behind it, which must say what was read. */
async function takeIndex(input: ByteReader, { count, length, digest }: Records, flags: Buffer): Promise<void> {
  const head = Buffer.from([0, ...encoded(count)]);
  let crc = crc32(head);
  const listed = createHash('sha256');
  let isRight = (await input.take(head.length, 'the index')).equals(head);
  for (let left = length; left > 0 && isRight;) {
    const piece = await input.next(left);
    if (piece === null) throw input.cut('the index');
    left -= piece.length;
    listed.update(piece);
    crc = crc32(piece, crc);
  }
  isRight &&= listed.digest().equals(digest);
  if (!isRight) throw input.damaged(`the index before offset ${input.offset} lists other blocks than its ${count}`);
  crc = crc32(await takePadding(input, head.length + length), crc);
  if ((await input.take(4, 'the index')).readUInt32LE() !== crc) throw input.damaged('the CRC of the index is wrong');
  const footer = parseFooter(await input.take(FOOTER_SIZE, 'a stream footer'));
  const indexSize = Math.ceil((head.length + length) / ALIGNMENT) * ALIGNMENT + 4;
  if (footer === null || !footer.flags.equals(flags) || footer.indexSize !== indexSize)
    throw input.damaged(`the stream footer before offset ${input.offset} does not belong to its stream`);
}
