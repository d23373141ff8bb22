import { encodeLznt1 } from '../../encode/lznt1.js';
import { FileBuilder, padded, u16, u32, u64 } from '../../encode/bytes.js';

/** A crash dump, compressed block by block; blocks that do not shrink are stored. */
export function zdmpBuffer(dump: Buffer, blockSize = 0x10000): Buffer {
  const file = new FileBuilder();
  file.add(padded('ZDMP', 8), u64(dump.length), u32(blockSize), u16(0), u16(2));
  file.align(0x1000);
  for (let at = 0; at < dump.length; at += blockSize) {
    const block = Buffer.concat([dump.subarray(at, at + blockSize)], blockSize);
    const packed = encodeLznt1(block);
    const bytes = packed.length < blockSize ? packed : block;
    file.add(padded('ZBLK', 4), u32(bytes.length), u32(0), bytes);
  }
  return file.result();
}
