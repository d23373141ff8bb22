/**
 * Tells each stretch of set bits, lowest bit of a byte first, among the first `limit` bits.
 * A stretch is one bit or a whole byte: whoever collects runs joins them anyway.
 */
export function forEachSetBits(bitmap: Uint8Array, limit: number, tell: (bit: number, count: number) => void): void {
  for (let index = 0; index < bitmap.length; index++) {
    const byte = bitmap[index]!;
    if (byte === 0) continue;
    const first = index * 8;
    const count = Math.min(8, limit - first);
    if (byte === 0xff) {
      tell(first, count);
      continue;
    }
    for (let bit = 0; bit < count; bit++) {
      if ((byte >> bit) & 1) tell(first + bit, 1);
    }
  }
}
