import { createInflateRaw } from 'node:zlib';
import type { PoolTrackerError } from '../../errors.js';
import { inflateThrough } from './gzip.js';
import type { Wrapper } from './wrapper.js';
import { readerOf, type ByteReader } from '../reading/byte-reader.js';

/** Signatures of APPNOTE.TXT: 4.3.7 local file header, 4.3.12 central directory, 4.3.9.3 data descriptor. */
const MEMBER = 0x04034b50;
const DIRECTORY = 0x02014b50;
const DESCRIPTOR = 0x08074b50;

const STORED = 0;
const DEFLATED = 8;
const ENCRYPTED = 1;
const SIZES_FOLLOW = 8;
const ZIP64 = 1;
const SLASH = 0x2f;
const WIDE = 0xffffffff;

const ONE_MEMBER = 'unpack it and name the image in it; a zip file of one image alone is read as it is';

interface Member {
  /** As a message shows it; never used as a path. */
  readonly title: string;
  readonly isFolder: boolean;
  readonly method: number;
  /** Bytes compressed and not; null when they are told only behind the data. */
  readonly storedSize: number | null;
  readonly size: number | null;
}

/** A zip archive with one member besides folders; its name means nothing. */
export const zip: Wrapper = {
  name: 'zip',
  title: 'zip file',
  claims: (head) => head.length >= 4 && Buffer.from(head).readUInt32LE() === MEMBER,
  async *unwrap(input) {
    const member = await firstFile(input);
    yield* memberBytes(input, member);
    if (member.storedSize === null) await skipDescriptor(input);
    const next = await signature(input);
    if (next === MEMBER) throw severalMembers(input);
    if (next !== DIRECTORY) throw input.damaged(`its directory does not follow its member ${member.title}`);
  },
  async unwrappedSize(source) {
    const input = readerOf(source, source.name, zip.title);
    const { storedSize, size } = await firstFile(input);
    if (storedSize === null) return null;
    await input.skip(storedSize);
    if ((await signature(input)) === MEMBER) throw severalMembers(input);
    return size;
  },
};

function severalMembers(input: ByteReader): PoolTrackerError {
  return input.refused('it holds more than one member', ONE_MEMBER);
}

async function firstFile(input: ByteReader): Promise<Member> {
  for (;;) {
    const member = await readMember(input);
    if (!member.isFolder) return member;
    if ((await signature(input)) !== MEMBER) throw input.refused('it holds folders alone', ONE_MEMBER);
  }
}

async function signature(input: ByteReader): Promise<number | null> {
  const head = await input.peek(4);
  return head.length < 4 ? null : head.readUInt32LE();
}

async function readMember(input: ByteReader): Promise<Member> {
  const header = await input.take(30, 'a member header');
  const name = await input.take(header.readUInt16LE(26), "a member's name");
  const extra = await input.take(header.readUInt16LE(28), "a member's extra field");
  const flags = header.readUInt16LE(6);
  const title = JSON.stringify(name.toString('utf8'));
  if (flags & ENCRYPTED) throw input.refused(`its member ${title} is encrypted`, 'unpack it with its password first');
  const method = header.readUInt16LE(8);
  const isFolder = name.at(-1) === SLASH && header.readUInt32LE(18) === 0;
  if (flags & SIZES_FOLLOW) return { title, isFolder, method, storedSize: null, size: null };
  return { title, isFolder, method, ...sizes(header, extra) };
}

/** Both sizes, from the ZIP64 extra field (4.5.3) where 32 bits are too few for them. */
function sizes(header: Buffer, extra: Buffer): { storedSize: number; size: number } {
  const storedSize = header.readUInt32LE(18);
  const size = header.readUInt32LE(22);
  for (
    let at = 0;
    (storedSize === WIDE || size === WIDE) && at + 4 <= extra.length;
    at += 4 + extra.readUInt16LE(at + 2)
  ) {
    if (extra.readUInt16LE(at) !== ZIP64 || at + 20 > extra.length) continue;
    return { size: Number(extra.readBigUInt64LE(at + 4)), storedSize: Number(extra.readBigUInt64LE(at + 12)) };
  }
  return { storedSize, size };
}

async function* memberBytes(input: ByteReader, { title, method, storedSize }: Member): AsyncGenerator<Uint8Array> {
  if (method === DEFLATED) {
    yield* inflateThrough(input, createInflateRaw({ chunkSize: 1 << 18 }));
    return;
  }
  if (method !== STORED)
    throw input.refused(
      `its member ${title} is compressed by method ${method}`,
      'stored and deflated members can be read',
    );
  if (storedSize === null)
    throw input.refused(`its member ${title} is stored, and its size is told only behind it`, 'unpack it first');
  for (let left = storedSize; left > 0;) {
    const piece = await input.next(left);
    if (piece === null) throw input.cut(`its member ${title}`);
    left -= piece.length;
    yield piece;
  }
}

/** CRC-32 and two sizes, which are 32 or 64 bits wide; nothing tells which but what follows. */
async function skipDescriptor(input: ByteReader): Promise<void> {
  const signed = (await signature(input)) === DESCRIPTOR;
  for (const size of [12, 20]) {
    const length = size + (signed ? 4 : 0);
    const bytes = await input.peek(length + 4);
    if (bytes.length === length + 4 && [MEMBER, DIRECTORY].includes(bytes.readUInt32LE(length))) {
      await input.skip(length);
      return;
    }
  }
  throw input.damaged('no data descriptor follows its member');
}
