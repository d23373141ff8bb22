import { FileBuilder, u16, u32, u64 } from '../encode/bytes.js';
import { deflateRawSync } from 'node:zlib';
import { crc32 } from '../../../src/codec/crc32.js';

export interface ZipEntry {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly deflate?: boolean;
}

/** A ZIP archive whose sizes and offsets are all in ZIP64 fields, as AFF4's writers leave them. */
export function zip64(entries: readonly ZipEntry[]): Buffer {
  const file = new FileBuilder();
  const directory = new FileBuilder();
  for (const { name, bytes, deflate } of entries) {
    const stored = deflate === true ? deflateRawSync(bytes) : bytes;
    const common = Buffer.concat([u16(45), u16(0), u16(deflate === true ? 8 : 0), u32(0), u32(crc32(bytes))]);
    const at = file.add(
      u32(0x04034b50),
      common,
      u32(stored.length),
      u32(bytes.length),
      u16(name.length),
      u16(0),
      Buffer.from(name),
      stored,
    );
    const extra = Buffer.concat([u16(1), u16(24), u64(bytes.length), u64(stored.length), u64(at)]);
    directory.add(
      u32(0x02014b50),
      u16(45),
      common,
      u32(0xffffffff),
      u32(0xffffffff),
      u16(name.length),
      u16(extra.length),
    );
    directory.add(u16(0), u16(0), u16(0), u32(0), u32(0xffffffff), Buffer.from(name), extra);
  }
  const directoryAt = file.add(directory.result());
  const endAt = file.add(
    u32(0x06064b50),
    u64(44),
    u16(45),
    u16(45),
    u32(0),
    u32(0),
    u64(entries.length),
    u64(entries.length),
    u64(directory.length),
    u64(directoryAt),
  );
  file.add(u32(0x07064b50), u32(0), u64(endAt), u32(1));
  file.add(u32(0x06054b50), u16(0), u16(0), u16(0xffff), u16(0xffff), u32(0xffffffff), u32(0xffffffff), u16(0));
  return file.result();
}
