import { greedyMatches } from './greedy-matches.js';

/** Plain Xpress. */
export function encodeXpressLz77(data: Uint8Array): Buffer {
  const out: number[] = [];
  let flagsAt = 0;
  let flags = 0;
  let bits = 32;
  let halfByteAt = -1;
  const flag = (match: boolean): void => {
    if (bits === 32) {
      flagsAt = out.length;
      out.push(0, 0, 0, 0);
      flags = 0;
      bits = 0;
    }
    flags = ((flags << 1) | (match ? 1 : 0)) >>> 0;
    bits++;
    const placed = (flags << (32 - bits)) >>> 0;
    for (let byte = 0; byte < 4; byte++) out[flagsAt + byte] = (placed >>> (8 * byte)) & 0xff;
  };
  for (const { literals, match } of greedyMatches(data, { shortest: 3, longest: 70_000, farthest: 8192 })) {
    for (const byte of literals) {
      flag(false);
      out.push(byte);
    }
    if (match === null) continue;
    flag(true);
    const rest = match.length - 3;
    const word = ((match.distance - 1) << 3) | Math.min(rest, 7);
    out.push(word & 0xff, word >> 8);
    if (rest < 7) continue;
    const half = Math.min(rest - 7, 15);
    if (halfByteAt < 0) {
      halfByteAt = out.length;
      out.push(half);
    } else {
      out[halfByteAt]! |= half << 4;
      halfByteAt = -1;
    }
    if (half < 15) continue;
    if (rest - 22 < 255) out.push(rest - 22);
    else if (rest < 0x10000) out.push(255, rest & 0xff, rest >> 8);
    else out.push(255, 0, 0, rest & 0xff, (rest >> 8) & 0xff, rest >> 16, 0);
  }
  return Buffer.from(out);
}
