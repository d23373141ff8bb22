import { RunningCrc32 } from '../../codec/crc32.js';
import { PoolTrackerError } from '../../errors.js';
import { type ByteReader, readerOf } from '../reading/byte-reader.js';
import { Container, Fields } from '../reading/container.js';
import { PartSource } from '../reading/part-source.js';
import { fileNameOf, readBytes, type Source } from '../source.js';
import {
  LOCAL_HEADER,
  localSizes,
  memberOffset,
  readLocalHeader,
  readZipDirectory,
  ZIP_METHOD,
  ZIP_SIGNATURE,
} from '../zip-directory.js';
import { type ArchiveMember, imagesAmong, noImageIn, onlyImage, severalImages } from './members.js';
import type { Warn, Wrapper } from './wrapper.js';
import { memberBytes, type PackedMember } from './zip-methods.js';

const SLASH = 0x2f;

/** Largest member that is looked behind, to see whether it is the only one. */
const MAX_SMALL = 64 << 10;

interface Member extends PackedMember {
  readonly name: string;
  readonly crc: number;
  readonly isFolder: boolean;
}

/** A zip archive with one image in it, beside which there may be folders, notes and the like. */
export const zip: Wrapper = {
  name: 'zip',
  title: 'zip file',
  isArchive: true,
  claims: (head) => firstHeader(head) !== null,
  startBehind,
  async *unwrap(input, warn) {
    await input.skip(firstHeader(await input.peek(8)) ?? 0);
    let taken: Member | null = null;
    let count = 0;
    for (; (await signature(input)) === ZIP_SIGNATURE.local; count++) {
      const member = await readMember(input);
      const { storedSize } = member;
      if (storedSize !== null && !(await mayBeImage(input, member))) await input.skip(storedSize);
      else if (taken !== null) throw severalImages([titled(taken), titled(member)], refusal(input));
      else {
        taken = member;
        yield* verified(input, member, warn);
      }
    }
    const next = await signature(input);
    if (taken === null) throw noImageIn(input.label);
    if (next !== ZIP_SIGNATURE.entry) throw input.damaged(`its directory does not follow its member ${taken.title}`);
  },
  /** A stored member can be read here and there. */
  async openIndexed(source) {
    const container = new Container(source, zip.title);
    const members = [...(await readZipDirectory(container)).values()].filter(({ name }) => !name.endsWith('/'));
    const image = onlyImage(members, container.label, (why, hint) => container.refused(why, hint));
    if (image.method !== ZIP_METHOD.stored || image.storedSize !== image.size || image.isEncrypted) return null;
    return new PartSource(source, await memberOffset(container, image), image.size, zip.title);
  },
  async unwrappedSize(source) {
    const input = readerOf(source, source.name, zip.title);
    await input.skip(firstHeader(await input.peek(8)) ?? 0);
    while ((await signature(input)) === ZIP_SIGNATURE.local) {
      const member = await readMember(input);
      if (member.storedSize === null || (await mayBeImage(input, member))) return member.size;
      await input.skip(member.storedSize);
    }
    return null;
  },
};

/** Where the first member begins: at once, or behind the mark of an archive that is split or was to be. */
function firstHeader(head: Uint8Array): number | null {
  const marks = Buffer.from(head.subarray(0, 8));
  if (marks.length < 4) return null;
  const mark = marks.readUInt32LE();
  if (mark === ZIP_SIGNATURE.local) return 0;
  const isSplit = mark === ZIP_SIGNATURE.descriptor || mark === ZIP_SIGNATURE.unsplit;
  return isSplit && marks.length === 8 && marks.readUInt32LE(4) === ZIP_SIGNATURE.local ? 4 : null;
}

/** What an archive stands behind: programs and scripts that unpack it; anything, where it is named as one. */
/** Of ELF files the programs: a core's memory may hold an archive at its end, which is no more than that. */
const PREFIX = /^(MZ|#!|\x7fELF[^]{12}(?:[\x02\x03]\0|\0[\x02\x03]))/;
const PREFIX_LENGTH = 18;
const NAMED_AS_ARCHIVE = /\.(zip|exe|sfx)$/i;

/** An archive that unpacks itself, with exactly one image in it; any other is what its beginning says. */
async function startBehind(head: Buffer, source: Source): Promise<number | null> {
  if (!PREFIX.test(head.toString('latin1', 0, PREFIX_LENGTH)) && !NAMED_AS_ARCHIVE.test(fileNameOf(source)))
    return null;
  try {
    const members = [...(await readZipDirectory(new Container(source, zip.title))).values()];
    if (imagesAmong(members).length !== 1) return null;
    const start = Math.min(...members.map(({ headerOffset }) => headerOffset));
    return firstHeader(await readBytes(source, start, 8)) === 0 ? start : null;
  } catch (error) {
    if (error instanceof PoolTrackerError && error.code.startsWith('FORMAT_')) return null;
    throw error;
  }
}

const refusal =
  (input: ByteReader) =>
  (why: string, hint: string): PoolTrackerError =>
    input.refused(why, hint);

const titled = ({ name, size }: Member): ArchiveMember => ({ name, size: size ?? 0 });

/** A single file is the image whatever it is; of several, those that are named or large as one. */
async function mayBeImage(input: ByteReader, member: Member): Promise<boolean> {
  if (member.isFolder) return false;
  if (imagesAmong([titled(member)]).length > 0) return true;
  const behind = await input.peek(Math.min(member.storedSize ?? 0, MAX_SMALL) + 4);
  return behind.length >= 4 && behind.readUInt32LE(behind.length - 4) === ZIP_SIGNATURE.entry;
}

/** The bytes of a member, whose CRC-32 stands in its header or behind it. */
async function* verified(input: ByteReader, member: Member, warn: Warn): AsyncGenerator<Uint8Array> {
  const crc = new RunningCrc32();
  for await (const piece of memberBytes(input, member, warn)) {
    crc.add(piece);
    yield piece;
  }
  const expected = member.storedSize === null ? await takeDescriptor(input) : member.crc;
  if (crc.value !== expected) throw input.damaged(`the CRC of its member ${member.title} is wrong`);
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
  const text = name.toString('utf8');
  const title = JSON.stringify(text);
  if (isEncrypted) throw input.refused(`its member ${title} is encrypted`, 'unpack it with its password first');
  const sizes = localSizes(header, extra);
  const isFolder = name.at(-1) === SLASH && sizes.storedSize === 0;
  return {
    name: text,
    title,
    crc: header.u32(14),
    isFolder,
    method,
    ...(sizesFollow ? { storedSize: null, size: null } : sizes),
  };
}

/** A data descriptor: CRC-32 and two sizes of 32 or 64 bits; only the bytes that follow show which. Its CRC-32. */
async function takeDescriptor(input: ByteReader): Promise<number> {
  const signed = (await signature(input)) === ZIP_SIGNATURE.descriptor;
  for (const size of [12, 20]) {
    const length = size + (signed ? 4 : 0);
    const bytes = await input.peek(length + 4);
    if (
      bytes.length === length + 4 &&
      [ZIP_SIGNATURE.local, ZIP_SIGNATURE.entry].some((mark) => mark === bytes.readUInt32LE(length))
    ) {
      const crc = bytes.readUInt32LE(signed ? 4 : 0);
      await input.skip(length);
      return crc;
    }
  }
  throw input.damaged('no data descriptor follows its member');
}
