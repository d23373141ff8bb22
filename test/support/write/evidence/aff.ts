import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import { FileBuilder, u32be } from '../../encode/bytes.js';

const SECTOR = 512;

export interface AffOptions {
  readonly pageSize?: number;
  /** Kinds of hashes that are kept of each page. */
  readonly hashes?: readonly ('md5' | 'sha1' | 'sha256')[];
  /** Pages that are left out. */
  readonly without?: readonly number[];
  /** Whether the size is told by the pages alone. */
  readonly noSize?: boolean;
}

/** What stands in a sector that could not be acquired. */
export const BAD_SECTOR = Buffer.concat([Buffer.from('BAD SECTOR\0'), Buffer.alloc(SECTOR, 0x5a)], SECTOR);

/** A segment: its head, name, data and tail. */
export function affSegment(name: string, flag: number, data: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = [Buffer.from('AFF\0'), u32be(name.length), u32be(data.length), u32be(flag), Buffer.from(name)];
  return Buffer.concat([...head, data, Buffer.from('ATT\0'), u32be(24 + name.length + data.length)]);
}

/** A 64-bit number, its lower half first. */
export function affQuad(value: number): Buffer {
  return Buffer.concat([u32be(value % 2 ** 32), u32be(Math.floor(value / 2 ** 32))]);
}

/** An AFF file, version 3: pages of zeros by their number, every third other one as it is, the rest by zlib. */
export function affBuffer(media: Buffer, options: AffOptions = {}): Buffer {
  const { pageSize = 0x10000, hashes = [], without = [] } = options;
  const file = new FileBuilder();
  file.add(Buffer.from('AFF10\r\n\0'), affSegment('badflag', 0, BAD_SECTOR), affSegment('', 0, Buffer.alloc(100)));
  file.add(affSegment('pagesize', pageSize), affSegment('sectorsize', SECTOR));
  for (let number = 0; number * pageSize < media.length; number++) {
    if (without.includes(number)) continue;
    const page = media.subarray(number * pageSize, (number + 1) * pageSize);
    const [flag, data] = page.every((byte) => byte === 0)
      ? [0x33, u32be(page.length)]
      : number % 3 === 0
        ? [0, page]
        : [1, deflateSync(page)];
    file.add(affSegment(`page${number}`, flag, data));
    for (const kind of hashes) file.add(affSegment(`page${number}_${kind}`, 0, createHash(kind).update(page).digest()));
  }
  if (options.noSize !== true) file.add(affSegment('imagesize', 2, affQuad(media.length)));
  return file.result();
}
