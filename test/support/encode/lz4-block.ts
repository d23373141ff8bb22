import { u16 } from './bytes.js';
import { greedyMatches } from './greedy-matches.js';

/** One LZ4 block. */
export function encodeLz4Block(data: Uint8Array): Buffer {
  const out: Uint8Array[] = [];
  // The format wants its last five bytes to be literals.
  const body = data.subarray(0, Math.max(0, data.length - 5));
  let literals: Uint8Array = Buffer.alloc(0);
  for (const sequence of greedyMatches(body, { shortest: 4, longest: 5000, farthest: 0xffff })) {
    literals = sequence.literals;
    if (sequence.match === null) break;
    const { distance, length } = sequence.match;
    out.push(Buffer.of((Math.min(literals.length, 15) << 4) | Math.min(length - 4, 15)));
    out.push(extension(literals.length), literals, u16(distance), extension(length - 4));
    literals = Buffer.alloc(0);
  }
  literals = Buffer.concat([literals, data.subarray(body.length)]);
  out.push(Buffer.of(Math.min(literals.length, 15) << 4), extension(literals.length), literals);
  return Buffer.concat(out);
}

function extension(length: number): Buffer {
  if (length < 15) return Buffer.alloc(0);
  return Buffer.concat([Buffer.alloc(Math.floor((length - 15) / 255), 255), Buffer.of((length - 15) % 255)]);
}
