import { type ByteReader, readerOf } from '../reading/byte-reader.js';
import { PartSource } from '../reading/part-source.js';
import type { Source } from '../source.js';
import { imagesAmong, noImageIn, onlyImage, severalImages, type ArchiveMember } from './members.js';
import type { Wrapper } from './wrapper.js';

/** POSIX.1-2001 pax and GNU tar: blocks of 512 bytes. */
const BLOCK = 512;
/** Headers of names and attributes are texts. */
const MAX_TEXT = 1 << 20;
/** A folder with more files than this is no case of one image. */
const MAX_MEMBERS = 10_000;

/** A regular file. */
interface TarMember extends ArchiveMember {
  /** File offset of its first byte. */
  readonly offset: number;
}

/** Numbers are octal text; those that do not fit are base 256 with the top bit of the first byte set (GNU). */
function numberIn(header: Buffer, at: number, length: number): number {
  if ((header[at]! & 0x80) !== 0) {
    const rest = header.subarray(at + 1, at + length);
    return rest.reduce((sum, byte) => sum * 256 + byte, header[at]! & 0x7f);
  }
  const text = header
    .toString('latin1', at, at + length)
    .replace(/[\0 ]+$/, '')
    .trim();
  return /^[0-7]*$/.test(text) ? parseInt(text || '0', 8) : NaN;
}

function textIn(header: Buffer, at: number, length: number): string {
  const text = header.toString('utf8', at, at + length);
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

/** Whether a block is a header: its checksum counts its own field as spaces. */
function isHeader(block: Buffer): boolean {
  if (block.length < BLOCK || block[0] === 0) return false;
  let sum = 8 * 0x20;
  for (let at = 0; at < BLOCK; at++) if (at < 148 || at >= 156) sum += block[at]!;
  return numberIn(block, 148, 8) === sum;
}

/** Records of a pax header: "LENGTH KEY=VALUE\n". */
function paxRecords(text: Buffer): Map<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < text.length;) {
    const space = text.indexOf(0x20, at);
    const length = space < 0 ? NaN : Number(text.toString('latin1', at, space));
    if (!(length > 0) || at + length > text.length) break;
    const [key, ...value] = text.toString('utf8', space + 1, at + length - 1).split('=');
    records.set(key!, value.join('='));
    at += length;
  }
  return records;
}

const TYPE = { file: ['0', '\0', '7'], pax: 'x', global: 'g', longName: 'L', longLink: 'K', sparse: 'S' } as const;

/** The next regular file, past folders and links; null at the end. The reader then stands at its first byte. */
async function nextMember(input: ByteReader): Promise<TarMember | null> {
  let name: string | null = null;
  let size: number | null = null;
  for (;;) {
    const block = await input.peek(BLOCK);
    // Two blocks of zeros end an archive; some writers leave them out.
    if (block.length < BLOCK || block.every((byte) => byte === 0)) return null;
    if (!isHeader(block)) throw input.damaged(`no member's header at offset ${input.offset}`);
    const header = await input.take(BLOCK, 'a header');
    const type = String.fromCharCode(header[156]!);
    const stored = numberIn(header, 124, 12);
    if (!Number.isSafeInteger(stored)) throw input.damaged(`a member before offset ${input.offset} has no size`);
    if (type === TYPE.pax || type === TYPE.global || type === TYPE.longName || type === TYPE.longLink) {
      if (stored > MAX_TEXT) throw input.damaged(`a header has ${stored} bytes; expected at most ${MAX_TEXT}`);
      const text = await input.take(stored, 'a header');
      await input.skip(padding(stored));
      if (type === TYPE.longName) name = textIn(text, 0, stored);
      if (type !== TYPE.pax) continue;
      const records = paxRecords(text);
      if ([...records.keys()].some((key) => key.startsWith('GNU.sparse'))) throw sparse(input, name ?? '');
      name = records.get('path') ?? name;
      if (records.has('size')) size = Number(records.get('size'));
      continue;
    }
    const prefix = header.toString('latin1', 257, 262) === 'ustar' ? textIn(header, 345, 155) : '';
    const own = name ?? (prefix === '' ? '' : `${prefix}/`) + textIn(header, 0, 100);
    if (type === TYPE.sparse) throw sparse(input, own);
    const length = size ?? stored;
    if (!Number.isSafeInteger(length) || length < 0)
      throw input.damaged(`a member before offset ${input.offset} has no size`);
    [name, size] = [null, null];
    if ((TYPE.file as readonly string[]).includes(type) && !/(^|\/)\._/.test(own))
      return { name: own, size: length, offset: input.offset };
    await input.skip(length + padding(length));
  }
}

const sparse = (input: ByteReader, name: string) =>
  input.refused(`its member ${JSON.stringify(name)} is stored sparse`, 'unpack it first: tar -x');

const padding = (length: number): number => (BLOCK - (length % BLOCK)) % BLOCK;

/** A tar archive with one image in it, beside which there may be notes and the like. */
export const tar: Wrapper = {
  name: 'tar',
  title: 'tar archive',
  isArchive: true,
  claims: (head) => isHeader(Buffer.from(head)),
  async *unwrap(input) {
    const passed: TarMember[] = [];
    let taken: TarMember | null = null;
    for (let member = await nextMember(input); member !== null; member = await nextMember(input)) {
      passed.push(member);
      // Of a stream the first that can be the image is given, and what follows must be none.
      const [image] = imagesAmong([member]);
      if (image === undefined) await input.skip(member.size + padding(member.size));
      else if (taken !== null) throw severalImages([taken, member], (why, hint) => input.refused(why, hint));
      else {
        taken = member;
        yield* bytesOf(input, member);
        await input.skip(padding(member.size));
      }
      if (passed.length > MAX_MEMBERS) throw input.refused('it holds too many files', 'unpack it first');
    }
    if (taken === null) throw noImageIn(input.label);
  },
  async openIndexed(source: Source): Promise<Source> {
    const input = readerOf(source, source.name, tar.title);
    const members: TarMember[] = [];
    for (let member = await nextMember(input); member !== null; member = await nextMember(input)) {
      members.push(member);
      if (members.length > MAX_MEMBERS) throw input.refused('it holds too many files', 'unpack it first');
      await input.skip(member.size + padding(member.size));
    }
    const image = onlyImage(members, input.label, (why, hint) => input.refused(why, hint));
    if (image.offset + image.size > source.byteLength) throw input.cut(`its member ${JSON.stringify(image.name)}`);
    return new PartSource(source, image.offset, image.size, tar.title);
  },
};

async function* bytesOf(input: ByteReader, { name, size }: TarMember): AsyncGenerator<Uint8Array> {
  for (let left = size; left > 0;) {
    const piece = await input.next(left);
    if (piece === null) throw input.cut(`its member ${JSON.stringify(name)}`);
    left -= piece.length;
    yield piece;
  }
}
