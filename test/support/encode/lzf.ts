import { greedyMatches } from './greedy-matches.js';

/** A block of LibLZF. */
export function encodeLzf(data: Uint8Array): Buffer {
  const out: Uint8Array[] = [];
  for (const { literals, match } of greedyMatches(data, { shortest: 3, longest: 264, farthest: 0x2000 })) {
    for (let at = 0; at < literals.length; at += 32) {
      const run = literals.subarray(at, at + 32);
      out.push(Buffer.of(run.length - 1), run);
    }
    if (match === null) continue;
    const length = match.length - 2;
    const distance = match.distance - 1;
    const top = distance >> 8;
    if (length < 7) out.push(Buffer.of((length << 5) | top, distance & 0xff));
    else out.push(Buffer.of((7 << 5) | top, length - 7, distance & 0xff));
  }
  return Buffer.concat(out);
}
