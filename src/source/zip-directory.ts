import { hex } from '../address.js';
import type { Container, Fields } from './reading/container.js';
import { readBytes } from './source.js';

const END_RECORD = { signature: 0x06054b50, size: 22 };
const END_LOCATOR_64 = { signature: 0x07064b50, size: 20 };
const END_RECORD_64 = { signature: 0x06064b50, size: 56 };
const ENTRY_SIZE = 46;

/**
 * Signatures (APPNOTE.TXT): 4.3.7 local header, 4.3.12 directory entry, 4.3.9.3 data descriptor, which a split archive
 * begins with as well (8.5.4), 8.5.5 the beginning of one that was to be split and fits into one file.
 */
export const ZIP_SIGNATURE = {
  local: 0x04034b50,
  entry: 0x02014b50,
  descriptor: 0x08074b50,
  unsplit: 0x30304b50,
} as const;

/** The supported compression methods (4.4.5). */
export const ZIP_METHOD = { stored: 0, deflated: 8 } as const;

/** Bytes of a local header before the member's name. */
export const LOCAL_HEADER = 30;

/** General purpose bits (4.4.4). */
const ENCRYPTED = 1 << 0;
const SIZES_FOLLOW = 1 << 3;

const ENTRY_MAGIC = Buffer.alloc(4);
ENTRY_MAGIC.writeUInt32LE(ZIP_SIGNATURE.entry);

const MAX_COMMENT_LENGTH = 0xffff;
const MAX_DIRECTORY = 128 << 20;

/** The value of a 16-bit field whose real value is in a ZIP64 structure; of parts only, of which nobody has as many. */
const DISK_IN_ZIP64 = 0xffff;
/** The value of a 32-bit field whose real value is in the ZIP64 extra field. */
const IN_ZIP64 = 0xffff_ffff;
const ZIP64_EXTRA = 0x0001;

/** A member of a ZIP archive, from its central directory. */
export interface ZipMember {
  readonly name: string;
  /** One of ZIP_METHOD, or another. */
  readonly method: number;
  readonly storedSize: number;
  readonly size: number;
  readonly headerOffset: number;
  /** CRC-32 of its bytes; 0 where the writer kept none. */
  readonly crc: number;
  readonly isEncrypted: boolean;
}

/**
 * The members by name, from the central directory (APPNOTE.TXT), ZIP64 or not, split or not. Names are never used as
 * paths.
 * @throws PoolTrackerError FORMAT_DAMAGED; FORMAT_REFUSED for one part of several
 */
export async function readZipDirectory(container: Container): Promise<Map<string, ZipMember>> {
  const end = await findEnd(container);
  const { size } = end;
  if (size > MAX_DIRECTORY)
    throw container.damaged(`its directory has ${size} bytes; expected at most ${MAX_DIRECTORY}`);
  const { offset, shift } = await placeDirectory(container, end);
  const directory = await container.fields(offset, size, 'the ZIP directory');
  const members = new Map<string, ZipMember>();
  for (let at = 0; at + ENTRY_SIZE <= size;) {
    if (directory.u32(at) !== ZIP_SIGNATURE.entry)
      throw container.damaged(`no ZIP directory entry at file offset ${hex(offset + at)}`);
    const nameLength = directory.u16(at + 28);
    const extraLength = directory.u16(at + 30);
    const next = at + ENTRY_SIZE + nameLength + extraLength + directory.u16(at + 32);
    if (next > size)
      throw container.damaged(
        `the ZIP directory entry at file offset ${hex(offset + at)} is longer than its directory`,
      );
    const member = readEntry(directory, at, nameLength, extraLength);
    const headerOffset = offsetIn(container, directory.u16(at + 34), member.headerOffset) + shift;
    // A directory that is not where the archive says moves its members along: none may come to lie before the file.
    if (headerOffset < 0)
      throw container.damaged(`the ZIP header of '${member.name}' would lie ${-headerOffset} bytes before the file`);
    members.set(member.name, { ...member, headerOffset });
    at = next;
  }
  return members;
}

/**
 * The number of the part that an archive ends in, from 0: more in the last part of a split archive. Null for a file that
 * does not end as an archive does.
 */
export async function lastZipPart(container: Container): Promise<number | null> {
  const found = await findEndRecord(container);
  const part = found?.tail.u16(found.at + 4) ?? null;
  // ZIP64 archives keep the number elsewhere; parts by the ten thousand there are none.
  return part === DISK_IN_ZIP64 ? 0 : part;
}

/** Start of a member's bytes, after its local header with its own lengths. @throws PoolTrackerError FORMAT_DAMAGED */
export async function memberOffset(container: Container, member: ZipMember): Promise<number> {
  const header = await container.fields(member.headerOffset, LOCAL_HEADER, `the ZIP header of '${member.name}'`);
  if (header.u32(0) !== ZIP_SIGNATURE.local)
    throw container.damaged(`no ZIP header of '${member.name}' at file offset ${hex(member.headerOffset)}`);
  const { nameLength, extraLength } = readLocalHeader(header);
  return member.headerOffset + LOCAL_HEADER + nameLength + extraLength;
}

/** The first LOCAL_HEADER bytes of a member; its name and its extra field follow. */
export interface LocalHeader {
  readonly isEncrypted: boolean;
  readonly method: number;
  readonly nameLength: number;
  readonly extraLength: number;
  /** Whether both sizes are only stored after the member's bytes. */
  readonly sizesFollow: boolean;
}

export function readLocalHeader(header: Fields): LocalHeader {
  const flags = header.u16(6);
  return {
    isEncrypted: (flags & ENCRYPTED) !== 0,
    sizesFollow: (flags & SIZES_FOLLOW) !== 0,
    method: header.u16(8),
    nameLength: header.u16(26),
    extraLength: header.u16(28),
  };
}

/** A member's sizes in bytes: in the extra field of a local header if one of them exceeds 32 bits (4.5.3). */
export function localSizes(header: Fields, extra: Fields): { storedSize: number; size: number } {
  const narrow = { storedSize: header.u32(18), size: header.u32(22) };
  if (narrow.storedSize !== IN_ZIP64 && narrow.size !== IN_ZIP64) return narrow;
  const [size, storedSize] = wideOffsets(extra);
  if (size === undefined || storedSize === undefined) return narrow;
  // Unchecked claims: reading does not depend on them, so absurd values are accepted.
  return { storedSize: Number(extra.u64(storedSize)), size: Number(extra.u64(size)) };
}

/** What the end of an archive says of its directory. */
interface DirectoryEnd {
  readonly size: number;
  /** In the part that the directory begins in. */
  readonly offset: number;
  readonly part: number;
  /** Where the directory ends in fact. */
  readonly endsAt: number;
}

async function findEndRecord(container: Container): Promise<{ tail: Fields; at: number; tailAt: number } | null> {
  const { byteLength } = container.source;
  const tailSize = Math.min(byteLength, END_RECORD.size + MAX_COMMENT_LENGTH);
  const tailAt = byteLength - tailSize;
  const tail = await container.fields(tailAt, tailSize, 'the end of the archive');
  let at = tailSize - END_RECORD.size;
  while (at >= 0 && tail.u32(at) !== END_RECORD.signature) at--;
  return at < 0 ? null : { tail, at, tailAt };
}

async function findEnd(container: Container): Promise<DirectoryEnd> {
  const found = await findEndRecord(container);
  if (found === null)
    throw container.damaged('it has no end of a ZIP directory; it may be cut short, or the first of several parts');
  const { tail, at, tailAt } = found;
  const locatorAt = at - END_LOCATOR_64.size;
  if (locatorAt < 0 || tail.u32(locatorAt) !== END_LOCATOR_64.signature)
    return { size: tail.u32(at + 12), offset: tail.u32(at + 16), part: tail.u16(at + 6), endsAt: tailAt + at };
  const stated = offsetIn(container, tail.u32(locatorAt + 4), tail.size(locatorAt + 8, "the ZIP64 directory's end"));
  // Behind other bytes, it is not where it says; nothing stands between it and its locator.
  for (const recordAt of [stated, tailAt + locatorAt - END_RECORD_64.size]) {
    if (recordAt < 0 || recordAt + END_RECORD_64.size > container.source.byteLength) continue;
    const record = await container.fields(recordAt, END_RECORD_64.size, "the ZIP64 directory's end");
    if (record.u32(0) !== END_RECORD_64.signature) continue;
    const offset = record.size(48, "the directory's offset");
    return { size: record.size(40, "the directory's size"), offset, part: record.u32(20), endsAt: recordAt };
  }
  throw container.damaged(`no end of a ZIP64 directory at file offset ${hex(stated)}`);
}

/**
 * Where the directory is, and how far from where the archive says: other bytes before an archive, a program that unpacks
 * it, are not always counted in its offsets.
 */
async function placeDirectory(
  container: Container,
  { size, offset, part, endsAt }: DirectoryEnd,
): Promise<{ offset: number; shift: number }> {
  const stated = offsetIn(container, part, offset);
  const actual = endsAt - size;
  const begins = async (at: number): Promise<boolean> =>
    at >= 0 && (await readBytes(container.source, at, 4)).equals(ENTRY_MAGIC);
  const isShifted = actual !== stated && !(await begins(stated)) && (await begins(actual));
  return isShifted ? { offset: actual, shift: actual - stated } : { offset: stated, shift: 0 };
}

/** An offset in a part of a split archive, as one in the file that was joined from them. */
function offsetIn(container: Container, part: number, offset: number): number {
  const start = (container.source.parts ?? [0])[part === DISK_IN_ZIP64 ? 0 : part];
  if (start === undefined)
    throw container.refused(
      `it is one of ${part + 1} parts or more of a split archive`,
      'put all of its parts into one folder and name the last, .zip',
    );
  return start + offset;
}

function readEntry(directory: Fields, at: number, nameLength: number, extraLength: number): ZipMember {
  const name = directory.bytes.toString('utf8', at + ENTRY_SIZE, at + ENTRY_SIZE + nameLength);
  const extra = directory.part(at + ENTRY_SIZE + nameLength, extraLength);
  const wide = wideOffsets(extra);
  const value = (offset: number): number => {
    const narrow = directory.u32(offset);
    const wideAt = narrow === IN_ZIP64 ? wide.shift() : undefined;
    return wideAt === undefined ? narrow : extra.size(wideAt, 'a ZIP64 size');
  };
  // The extra field holds only those that do not fit, in this order.
  const size = value(at + 24);
  const storedSize = value(at + 20);
  const headerOffset = value(at + 42);
  const isEncrypted = (directory.u16(at + 8) & ENCRYPTED) !== 0;
  return {
    name,
    method: directory.u16(at + 10),
    storedSize,
    size,
    headerOffset,
    crc: directory.u32(at + 16),
    isEncrypted,
  };
}

/** Offsets of the 64-bit values in the ZIP64 extra field; none without one. */
function wideOffsets(extra: Fields): number[] {
  const end = extra.bytes.length;
  for (let at = 0; at + 4 <= end; at += 4 + extra.u16(at + 2)) {
    if (extra.u16(at) !== ZIP64_EXTRA) continue;
    const count = Math.floor(Math.min(extra.u16(at + 2), end - at - 4) / 8);
    return Array.from({ length: count }, (_, index) => at + 4 + index * 8);
  }
  return [];
}
