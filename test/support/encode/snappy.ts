import { u16, u32 } from './bytes.js';
import { greedyMatches } from './greedy-matches.js';

/** A raw Snappy block. */
export function encodeSnappy(data: Uint8Array): Buffer {
  const out: Uint8Array[] = [varint(data.length)];
  for (const { literals, match } of greedyMatches(data, { shortest: 4, longest: 64, farthest: 0xffff })) {
    if (literals.length > 60) out.push(Buffer.of(61 << 2), u16(literals.length - 1), literals);
    else if (literals.length > 0) out.push(Buffer.of((literals.length - 1) << 2), literals);
    if (match === null) continue;
    if (match.distance < 2048 && match.length < 12) {
      out.push(Buffer.of(((match.distance >> 8) << 5) | ((match.length - 4) << 2) | 1, match.distance & 0xff));
    } else if (match.distance & 1) out.push(Buffer.of(((match.length - 1) << 2) | 2), u16(match.distance));
    else out.push(Buffer.of(((match.length - 1) << 2) | 3), u32(match.distance));
  }
  return Buffer.concat(out);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (; value > 0x7f; value >>>= 7) bytes.push((value & 0x7f) | 0x80);
  return Buffer.of(...bytes, value);
}
