/** The byte order of UTF-16 in which most characters are below 256; null for other text. */
function orderByZeros(bytes: Buffer): 'little' | 'big' | null {
  const [zeros, half] = [[0, 0] as [number, number], bytes.length >> 1];
  for (let at = 0; at < half * 2; at++) if (bytes[at] === 0) zeros[at & 1]!++;
  if (half < 8) return null;
  if (zeros[1] > half * 0.9 && zeros[0] < half * 0.1) return 'little';
  return zeros[0] > half * 0.9 && zeros[1] < half * 0.1 ? 'big' : null;
}

/** Text as Windows programs write it: UTF-8, UTF-16 of either byte order, with a mark or without, or else Latin-1. */
export function decodeWindowsText(bytes: Buffer): string {
  const isLittle = bytes[0] === 0xff && bytes[1] === 0xfe;
  const isBig = bytes[0] === 0xfe && bytes[1] === 0xff;
  // Without a mark the zeros tell: such text is nearly all ASCII.
  const order = isLittle ? 'little' : isBig ? 'big' : orderByZeros(bytes);
  if (order !== null) {
    const words = Buffer.from(bytes.subarray(isLittle || isBig ? 2 : 0, bytes.length - (bytes.length % 2)));
    return (order === 'big' ? words.swap16() : words).toString('utf16le');
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return bytes.toString('latin1');
  }
}
