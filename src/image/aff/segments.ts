import { hex } from '../../address.js';
import type { Warning } from '../../errors.js';
import { type ByteReader, readerOf } from '../../source/reading/byte-reader.js';
import type { Source } from '../../source/source.js';

export const AFF_TITLE = 'AFF file (version 3)';

const SIGNATURE = 'AFF10\r\n\0';

/** `AFF\0`, length of the name, length of the data, the number that the writer gave; big-endian. */
const HEAD = { magic: 'AFF\0', size: 16 };

/** `ATT\0`, length of the whole segment. */
const TAIL = { magic: 'ATT\0', size: 8 };

/** AFFLIB's own limit is 64. */
const MAX_NAME = 1024;

/** A segment of more bytes is a page, which is read when it is asked for. */
const MAX_HELD = 4096;

/** A named segment. */
export interface AffSegment {
  readonly name: string;
  /** A number, or flags. */
  readonly flag: number;
  /** Of its data in the file. */
  readonly offset: number;
  readonly size: number;
  /** The data of small ones that are no page; else null. */
  readonly data: Buffer | null;
}

export function isAff(head: Buffer): boolean {
  return head.toString('latin1', 0, SIGNATURE.length) === SIGNATURE;
}

/**
 * The segments in the order of the file (AFFLIB's vnode_aff). Where one is damaged or cut short, those before it are all:
 * nothing tells where the next one begins.
 * @param isHeld whether the data of a small segment are wanted
 */
export async function* affSegments(
  source: Source,
  isHeld: (name: string) => boolean,
  warn: (warning: Warning) => void,
): AsyncGenerator<AffSegment> {
  const input = readerOf(source, source.name, AFF_TITLE);
  await input.take(SIGNATURE.length, 'the signature');
  while (!(await input.atEnd())) {
    const at = input.offset;
    const segment = await nextSegment(input, source.byteLength, isHeld);
    if (segment === null) {
      warn({
        code: 'image-damaged',
        message: `the segment at file offset ${hex(at)} is damaged or cut short: it and what follows are not read`,
      });
      return;
    }
    // AFFLIB overwrites what it deletes by segments without a name.
    if (segment.name !== '') yield segment;
  }
}

async function nextSegment(
  input: ByteReader,
  fileLength: number,
  isHeld: (name: string) => boolean,
): Promise<AffSegment | null> {
  const head = await input.peek(HEAD.size);
  if (head.length < HEAD.size || head.toString('latin1', 0, 4) !== HEAD.magic) return null;
  const [nameLength, size, flag] = [head.readUInt32BE(4), head.readUInt32BE(8), head.readUInt32BE(12)];
  const length = HEAD.size + nameLength + size + TAIL.size;
  if (nameLength > MAX_NAME || input.offset + length > fileLength) return null;
  await input.skip(HEAD.size);
  const name = (await input.take(nameLength, 'the name of a segment')).toString('latin1');
  const offset = input.offset;
  const held = size <= MAX_HELD && isHeld(name) ? Buffer.from(await input.take(size, `the segment '${name}'`)) : null;
  if (held === null) await input.skip(size);
  const tail = await input.take(TAIL.size, `the end of the segment '${name}'`);
  if (tail.toString('latin1', 0, 4) !== TAIL.magic || tail.readUInt32BE(4) !== length) return null;
  return { name, flag, offset, size, data: held };
}
