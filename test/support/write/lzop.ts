import { crc32 } from '../../../src/codec/crc32.js';
import { adler32 } from '../../../src/codec/zlib.js';
import { encodeLzo1x } from '../encode/lzo1x.js';

const BLOCK = 0x1000;
const ADLER_OF_CONTENT = 0x1;
const CRC_OF_BLOCK = 0x200;

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

/** An lzop file as version 1.04 writes it, in small blocks; one that does not become smaller is stored. */
export function lzopBuffer(content: Uint8Array): Buffer {
  const header = Buffer.alloc(25);
  header.writeUInt16BE(0x1040, 0);
  header.writeUInt16BE(0x20a0, 2);
  header.writeUInt16BE(0x0940, 4);
  header.set([1, 5], 6);
  header.writeUInt32BE(ADLER_OF_CONTENT | CRC_OF_BLOCK, 8);
  const out = [Buffer.from('894c5a4f000d0a1a0a', 'hex'), header, word(adler32(header))];
  for (let at = 0; at < content.length; at += BLOCK) {
    const bytes = content.subarray(at, at + BLOCK);
    const packed = encodeLzo1x(bytes);
    const isPacked = packed.length < bytes.length;
    const stored = isPacked ? packed : bytes;
    out.push(word(bytes.length), word(stored.length), word(adler32(bytes)));
    if (isPacked) out.push(word(crc32(stored)));
    out.push(Buffer.from(stored));
  }
  return Buffer.concat([...out, word(0)]);
}
