import { u16 } from './bytes.js';
import { greedyMatches } from './greedy-matches.js';

const CHUNK = 0x1000;

/** LZNT1, chunk by chunk; chunks that do not shrink are stored. */
export function encodeLznt1(data: Uint8Array): Buffer {
  const out: Uint8Array[] = [];
  for (let at = 0; at < data.length; at += CHUNK) {
    const chunk = data.subarray(at, at + CHUNK);
    const packed = encodeChunk(chunk);
    if (packed.length < chunk.length) out.push(u16(0xb000 | (packed.length - 1)), packed);
    else out.push(u16(0x3000 | (chunk.length - 1)), chunk);
  }
  return Buffer.concat([...out, u16(0)]);
}

function encodeChunk(chunk: Uint8Array): Buffer {
  const items: { readonly match: boolean; readonly bytes: Uint8Array }[] = [];
  let position = 0;
  const literal = (byte: number): void => {
    items.push({ match: false, bytes: Buffer.of(byte) });
    position++;
  };
  for (const { literals, match } of greedyMatches(chunk, { shortest: 3, longest: CHUNK, farthest: CHUNK })) {
    for (const byte of literals) literal(byte);
    for (let left = match?.length ?? 0; left > 0;) {
      let lengthBits = 12;
      for (let bits = position - 1; bits >= 0x10; bits >>= 1) lengthBits--;
      const length = Math.min(left, (1 << lengthBits) + 2);
      if (length < 3) {
        literal(chunk[position]!);
        left--;
        continue;
      }
      items.push({ match: true, bytes: u16(((match!.distance - 1) << lengthBits) | (length - 3)) });
      position += length;
      left -= length;
    }
  }
  const out: Uint8Array[] = [];
  for (let at = 0; at < items.length; at += 8) {
    const group = items.slice(at, at + 8);
    out.push(
      Buffer.of(group.reduce((flags, item, bit) => flags | (item.match ? 1 << bit : 0), 0)),
      ...group.map((item) => item.bytes),
    );
  }
  return Buffer.concat(out);
}
