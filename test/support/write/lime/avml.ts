import { encodeSnappy } from '../../encode/snappy.js';
import type { GeneratedMemory } from '../../generate/memory-plan.js';
import { FileBuilder, u32, u64 } from '../../encode/bytes.js';

const FRAME = 0x10000;
const IDENTIFIER = Buffer.concat([Buffer.of(0xff, 6, 0, 0), Buffer.from('sNaPpY')]);

/** AVML version 2; frames that do not shrink are stored, and a padding frame lies between two ranges' frames. */
export function avmlBuffer({ memory }: GeneratedMemory): Buffer {
  const file = new FileBuilder();
  for (const [start, end] of memory.presentRanges()) {
    file.add(u32(0x4c4d5641), u32(2), u64(start), u64(end - 1), Buffer.alloc(8));
    const from = file.add(IDENTIFIER, frame(0xfe, Buffer.alloc(5)));
    for (let at = start; at < end; at += FRAME) {
      const bytes = memory.read(at, Math.min(FRAME, end - at));
      const packed = encodeSnappy(bytes);
      // Readers may, and ours does, leave the checksum alone.
      const crc = Buffer.alloc(4);
      file.add(packed.length < bytes.length ? frame(0, crc, packed) : frame(1, crc, bytes));
    }
    file.add(u64(file.length - from));
  }
  return file.result();
}

function frame(type: number, ...parts: Uint8Array[]): Buffer {
  const bytes = Buffer.concat(parts);
  const head = u32(bytes.length << 8);
  head[0] = type;
  return Buffer.concat([head, bytes]);
}
