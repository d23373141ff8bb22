import type { WrapperInput } from '../reading/byte-reader.js';

/** zstd and LZ4 share frames that are not theirs, with 16 magic numbers (RFC 8878, 3.1.2). */
export function isSkippable(magic: number): boolean {
  return (magic & 0xfffffff0) >>> 0 === 0x184d2a50;
}

/** Takes such a frame from behind its magic number on. */
export async function skipFrame(input: WrapperInput): Promise<void> {
  for (let left = (await input.take(4, "a skippable frame's size")).readUInt32LE(); left > 0; ) {
    const piece = await input.next(left);
    if (piece === null) throw input.cut('a skippable frame');
    left -= piece.length;
  }
}
