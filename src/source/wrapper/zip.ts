import { createInflateRaw } from 'node:zlib';
import type { PoolTrackerError } from '../../errors.js';
import { type ByteReader, readerOf } from '../reading/byte-reader.js';
import { Fields } from '../reading/container.js';
import { LOCAL_HEADER, localSizes, readLocalHeader, ZIP_METHOD, ZIP_SIGNATURE } from '../zip-directory.js';
import { inflateThrough } from './gzip.js';
import type { Wrapper } from './wrapper.js';

const SLASH = 0x2f;

const ONE_MEMBER = 'unpack it and name the image in it; a zip file of one image alone is read as it is';

interface Member {
  /** As a message shows it; never used as a path. */
  readonly title: string;
  readonly isFolder: boolean;
  readonly method: number;
  /** Compressed and uncompressed bytes; null when they are only stored after the data. */
  readonly storedSize: number | null;
  readonly size: number | null;
}

/** A zip archive with one member besides folders; the member's name is ignored. */
export const zip: Wrapper = {
  name: 'zip',
  title: 'zip file',
  claims: (head) => head.length >= 4 && Buffer.from(head).readUInt32LE() === ZIP_SIGNATURE.local,
  async *unwrap(input) {
    const member = await firstFile(input);
    yield* memberBytes(input, member);
    if (member.storedSize === null) await skipDescriptor(input);
    const next = await signature(input);
    if (next === ZIP_SIGNATURE.local) throw severalMembers(input);
    if (next !== ZIP_SIGNATURE.entry) throw input.damaged(`its directory does not follow its member ${member.title}`);
  },
  async unwrappedSize(source) {
    const input = readerOf(source, source.name, zip.title);
    const { storedSize, size } = await firstFile(input);
    if (storedSize === null) return null;
    await input.skip(storedSize);
    if ((await signature(input)) === ZIP_SIGNATURE.local) throw severalMembers(input);
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
    if ((await signature(input)) !== ZIP_SIGNATURE.local) throw input.refused('it holds folders alone', ONE_MEMBER);
  }
}

async function signature(input: ByteReader): Promise<number | null> {
  const head = await input.peek(4);
  return head.length < 4 ? null : head.readUInt32LE();
}

async function readMember(input: ByteReader): Promise<Member> {
  const fields = async (length: number, what: string): Promise<Fields> =>
    new Fields(input, await input.take(length, what), what);
  const header = await fields(LOCAL_HEADER, 'a member header');
  const { isEncrypted, sizesFollow, method, nameLength, extraLength } = readLocalHeader(header);
  const name = await input.take(nameLength, "a member's name");
  const extra = await fields(extraLength, "a member's extra field");
  const title = JSON.stringify(name.toString('utf8'));
  if (isEncrypted) throw input.refused(`its member ${title} is encrypted`, 'unpack it with its password first');
  const sizes = localSizes(header, extra);
  const isFolder = name.at(-1) === SLASH && sizes.storedSize === 0;
  return { title, isFolder, method, ...(sizesFollow ? { storedSize: null, size: null } : sizes) };
}

async function* memberBytes(input: ByteReader, { title, method, storedSize }: Member): AsyncGenerator<Uint8Array> {
  if (method === ZIP_METHOD.deflated) {
    yield* inflateThrough(input, createInflateRaw({ chunkSize: 1 << 18 }));
    return;
  }
  if (method !== ZIP_METHOD.stored)
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

/** CRC-32 and two sizes of 32 or 64 bits; only the bytes that follow show which. */
async function skipDescriptor(input: ByteReader): Promise<void> {
  const signed = (await signature(input)) === ZIP_SIGNATURE.descriptor;
  for (const size of [12, 20]) {
    const length = size + (signed ? 4 : 0);
    const bytes = await input.peek(length + 4);
    if (
      bytes.length === length + 4 &&
      [ZIP_SIGNATURE.local, ZIP_SIGNATURE.entry].some((mark) => mark === bytes.readUInt32LE(length))
    ) {
      await input.skip(length);
      return;
    }
  }
  throw input.damaged('no data descriptor follows its member');
}
