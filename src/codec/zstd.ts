import { messageOf } from '../errors.js';
import { damagedData } from './lz-window.js';

/**
 * Decodes one zstd frame (RFC 8878) that holds at most `limit` bytes.
 * @throws PoolTrackerError FORMAT_DAMAGED
 */
export async function decodeZstdFrame(frame: Uint8Array, limit: number): Promise<Uint8Array> {
  const size = announcedSize(frame);
  if (size !== null && size > limit)
    throw damagedData(`a zstd frame announces ${size} bytes where at most ${limit} belong`);
  // Most images need none of it: loaded with the first frame.
  const { decompress } = await import('fzstd');
  try {
    return decompress(frame, new Uint8Array(limit));
  } catch (error) {
    throw damagedData(`zstd: ${messageOf(error)}`);
  }
}

/** Frame_Content_Size, where the frame header has one. */
function announcedSize(frame: Uint8Array): number | null {
  const view = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
  if (view.length < 18) return null;
  const descriptor = view.readUInt8(4);
  const single = (descriptor >> 5) & 1;
  const at = 5 + (single ? 0 : 1) + ([0, 1, 2, 4][descriptor & 3] ?? 0);
  switch (descriptor >> 6) {
    case 0:
      return single ? view.readUInt8(at) : null;
    case 1:
      return view.readUInt16LE(at) + 256;
    case 2:
      return view.readUInt32LE(at);
    default:
      return Number(view.readBigUInt64LE(at));
  }
}
