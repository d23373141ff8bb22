import * as zlib from 'node:zlib';

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
  return value;
});

/** Node's own, which its releases have from 20.15 and 22.2 on. */
const native = (zlib as { crc32?: (bytes: Uint8Array, value?: number) => number }).crc32;

function byTable(bytes: Uint8Array, value = 0): number {
  let crc = ~value;
  for (let at = 0; at < bytes.length; at++) crc = TABLE[(crc ^ bytes[at]!) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

/**
 * CRC-32 as gzip, zip and xz have it (ISO 3309).
 * @param value of the bytes before, to go on from
 */
export function crc32(bytes: Uint8Array, value = 0): number {
  // Of no bytes, Node's own gives 0 whatever came before.
  if (bytes.length === 0) return value;
  return native === undefined ? byTable(bytes, value) : native(bytes, value);
}

/** The CRC-32 and the number of bytes that pass. */
export class RunningCrc32 {
  value = 0;
  length = 0;

  add(bytes: Uint8Array): void {
    this.value = crc32(bytes, this.value);
    this.length += bytes.length;
  }
}
