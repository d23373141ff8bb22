import { crc32 } from '../../codec/crc32.js';

/** The XZ file format 1.2.0: https://tukaani.org/xz/xz-file-format.txt. Sizes in bytes. */
export const XZ_MAGIC = Buffer.from('fd377a585a00', 'hex');
export const HEADER_SIZE = 12;
export const FOOTER_SIZE = 12;
const FOOTER_MAGIC = 0x5a59;

/** A Stream Footer (2.1.2): where the index before it begins, and the flags that the header has as well. */
export interface XzFooter {
  readonly indexSize: number;
  readonly flags: Buffer;
}

/** Null for bytes that are no footer, told by magic and CRC-32. */
export function parseFooter(bytes: Buffer): XzFooter | null {
  if (bytes.length < FOOTER_SIZE || bytes.readUInt16LE(10) !== FOOTER_MAGIC) return null;
  if (bytes.readUInt32LE(0) !== crc32(bytes.subarray(4, 10))) return null;
  return { indexSize: (bytes.readUInt32LE(4) + 1) * 4, flags: bytes.subarray(8, 10) };
}

/** An Index Record (4.3). */
export interface XzRecord {
  /** Compressed, without the padding to four bytes. */
  readonly unpaddedSize: number;
  readonly size: number;
}

export function paddedSize({ unpaddedSize }: XzRecord): number {
  return Math.ceil(unpaddedSize / 4) * 4;
}

/** The records of an Index (4); null when it is not one, or its CRC-32 is wrong. */
export function parseIndex(index: Buffer): XzRecord[] | null {
  const end = index.length - 4;
  if (end < 4 || index[0] !== 0 || index.readUInt32LE(end) !== crc32(index.subarray(0, end))) return null;
  let at = 1;
  const number = (): number => {
    let value = 0;
    for (let scale = 1; at < end; scale *= 128) {
      const byte = index[at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    return NaN;
  };
  const count = number();
  const records: XzRecord[] = [];
  while (records.length < count && at < end) records.push({ unpaddedSize: number(), size: number() });
  const sound = records.every(({ unpaddedSize, size }) => Number.isSafeInteger(unpaddedSize) && Number.isSafeInteger(size));
  return sound && records.length === count && end - at < 4 ? records : null;
}

/** What stands behind the only block of a stream: its Index and the Stream Footer. */
export function streamTail(record: XzRecord, flags: Buffer): Buffer {
  const body = [0, 1, ...encoded(record.unpaddedSize), ...encoded(record.size)];
  while (body.length % 4 !== 0) body.push(0);
  const tail = Buffer.alloc(body.length + 4 + FOOTER_SIZE);
  tail.set(body);
  tail.writeUInt32LE(crc32(tail.subarray(0, body.length)), body.length);
  const footer = tail.subarray(body.length + 4);
  footer.writeUInt32LE(body.length / 4, 4);
  footer.set(flags, 8);
  footer.writeUInt32LE(crc32(footer.subarray(4, 10)), 0);
  footer.writeUInt16LE(FOOTER_MAGIC, 10);
  return tail;
}

function encoded(value: number): number[] {
  const bytes: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) + 128);
  return [...bytes, value];
}
