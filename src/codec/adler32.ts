/** The largest prime below 2^16. */
const BASE = 65521;

/** Bytes after which the sums may exceed 32 bits, when they begin below BASE. */
const MOST = 5552;

/**
 * Adler-32 as zlib and EWF have it (RFC 1950, 8.2).
 * @param value of the bytes before, to go on from
 */
export function adler32(bytes: Uint8Array, value = 1): number {
  let low = value & 0xffff;
  let high = value >>> 16;
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(at + MOST, bytes.length);
    for (; at < end; at++) {
      low += bytes[at]!;
      high += low;
    }
    low %= BASE;
    high %= BASE;
  }
  return ((high << 16) | low) >>> 0;
}
