import { u16 } from './bytes.js';
import { greedyMatches } from './greedy-matches.js';

/** An LZO1X block of near (16 KiB) and far matches, literals always in runs of their own or none. */
export function encodeLzo1x(data: Uint8Array): Buffer {
  const out: Uint8Array[] = [];
  let pending = Buffer.alloc(0) as Uint8Array;
  const flush = (): void => {
    if (pending.length === 0) return;
    if (out.length === 0 && pending.length < 239) out.push(Buffer.of(pending.length + 17), pending);
    else if (pending.length <= 3) {
      // Up to three literals ride on the match before them, in the low bits of its last word.
      const last = out.at(-1)!;
      last[0]! |= pending.length;
      out.push(pending);
    } else out.push(pending.length <= 18 ? Buffer.of(pending.length - 3) : extended(0, pending.length - 18), pending);
    pending = Buffer.alloc(0);
  };
  for (const { literals, match } of greedyMatches(data, { shortest: 4, longest: 4000, farthest: 0xbfff })) {
    pending = literals;
    flush();
    if (match === null) break;
    const { distance, length } = match;
    if (distance <= 0x4000)
      out.push(length <= 33 ? Buffer.of(0x20 | (length - 2)) : extended(0x20, length - 33), u16((distance - 1) << 2));
    else {
      const far = distance - 0x4000;
      const high = far >> 14 ? 8 : 0;
      out.push(
        length <= 9 ? Buffer.of(0x10 | high | (length - 2)) : extended(0x10 | high, length - 9),
        u16((far & 0x3fff) << 2),
      );
    }
  }
  out.push(Buffer.of(0x11, 0, 0));
  return Buffer.concat(out);
}

function extended(token: number, rest: number): Buffer {
  return Buffer.concat([
    Buffer.of(token),
    Buffer.alloc(Math.floor((rest - 1) / 255)),
    Buffer.of(((rest - 1) % 255) + 1),
  ]);
}
