import { TextDecoder } from 'node:util';

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

/**
 * The text of a file as it is read: UTF-16 where a mark at its beginning says so, as Windows PowerShell writes it, else
 * UTF-8. The mark is no part of the text.
 */
export async function* markedText(bytes: AsyncIterable<Buffer | string>): AsyncGenerator<string> {
  let decoder: TextDecoder | null = null;
  let head = Buffer.alloc(0);
  for await (const piece of bytes) {
    const chunk = typeof piece === 'string' ? Buffer.from(piece) : piece;
    if (decoder !== null) {
      yield decoder.decode(chunk, { stream: true });
      continue;
    }
    head = Buffer.concat([head, chunk]);
    if (head.length < 2) continue;
    const mark = head.readUInt16BE(0);
    decoder = new TextDecoder(mark === 0xfffe ? 'utf-16le' : mark === 0xfeff ? 'utf-16be' : 'utf-8');
    yield decoder.decode(head, { stream: true });
  }
  yield decoder === null ? head.toString('utf8') : decoder.decode();
}
