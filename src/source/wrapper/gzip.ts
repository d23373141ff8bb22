import { pipeline } from 'node:stream';
import { createGunzip, type Gunzip, type InflateRaw } from 'node:zlib';
import { messageOf, PoolTrackerError, systemErrorCode } from '../../errors.js';
import type { ByteReader } from '../reading/byte-reader.js';
import type { Wrapper } from './wrapper.js';

/** Size of the pieces given to the decoder. */
const PIECE = 1 << 16;

/** Inflates to the end of the deflate stream; bytes that the decoder was given beyond it are put back. */
export async function* inflateThrough(input: ByteReader, inflate: Gunzip | InflateRaw): AsyncGenerator<Uint8Array> {
  const unused: Buffer[] = [];
  let used = 0;
  function forgetUsed(): void {
    while (unused.length > 0 && used + unused[0]!.length <= inflate.bytesWritten) used += unused.shift()!.length;
  }
  async function* pieces(): AsyncGenerator<Buffer> {
    for (let piece = await input.next(PIECE); piece !== null; piece = await input.next(PIECE)) {
      forgetUsed();
      unused.push(piece);
      yield piece;
    }
  }
  // The loop below sees every error; without a callback it would be thrown a second time.
  pipeline(pieces, inflate, () => undefined);
  try {
    for await (const chunk of inflate) yield chunk as Buffer;
  } catch (error) {
    if (error instanceof PoolTrackerError) throw error;
    if (systemErrorCode(error) === 'Z_BUF_ERROR') throw input.cut('the compressed data');
    throw input.damaged(`zlib says ${messageOf(error)}`, error);
  }
  forgetUsed();
  if (unused.length > 0) input.giveBack(Buffer.concat(unused).subarray(inflate.bytesWritten - used));
}

/** gzip (RFC 1952); consecutive members form one stream. */
export const gzip: Wrapper = {
  name: 'gzip',
  title: 'gzip stream',
  claims: (head) => head[0] === 0x1f && head[1] === 0x8b,
  unwrap: (input) => inflateThrough(input, createGunzip({ chunkSize: 1 << 18 })),
};
