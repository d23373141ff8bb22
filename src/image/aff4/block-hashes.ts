import { createHash } from 'node:crypto';
import { RecordTable } from '../../source/reading/record-table.js';
import type { Aff4Volume } from './volume.js';

/** The endings of the members `BEVY.blockHash.NAME`, and what Node calls them; where there are several, the fastest. */
const HASHES = [
  { name: 'sha1', algorithm: 'sha1', length: 20 },
  { name: 'sha256', algorithm: 'sha256', length: 32 },
  { name: 'md5', algorithm: 'md5', length: 16 },
  { name: 'blake2b', algorithm: 'blake2b512', length: 64 },
  { name: 'sha512', algorithm: 'sha512', length: 64 },
] as const;

/** The hashes of a bevy's chunks, of their bytes before compression. */
export interface BlockHashes {
  /** Such as `sha1`. */
  readonly name: string;
  /**
   * Whether a chunk has the hash that is kept for it.
   * @param index within the bevy
   * @param length bytes of it that belong to the stream: the last chunk is hashed with its padding or without
   * @throws PoolTrackerError FORMAT_DAMAGED
   */
  match(index: number, chunk: Uint8Array, length: number): Promise<boolean>;
}

/**
 * Opens the hashes of one kind that are kept beside a bevy; null where there are none.
 * @throws PoolTrackerError FORMAT_DAMAGED when they do not match their own CRC, FORMAT_REFUSED
 */
export async function openBlockHashes(volume: Aff4Volume, bevy: string): Promise<BlockHashes | null> {
  for (const { name, algorithm, length } of HASHES) {
    const member = volume.member(`${bevy}.blockHash.${name}`) ?? volume.member(`${bevy}/blockHash.${name}`);
    if (member === undefined) continue;
    const offset = await volume.storedAt(member);
    await volume.verifyStored(member, offset);
    const count = Math.floor(member.size / length);
    const table = new RecordTable(volume.container, offset, length, count, 'block hash');
    return {
      name,
      async match(index, chunk, used) {
        const { bytes } = await table.get(index);
        const hashed = (part: Uint8Array): Buffer => createHash(algorithm).update(part).digest();
        return hashed(chunk).equals(bytes) || (used < chunk.length && hashed(chunk.subarray(0, used)).equals(bytes));
      },
    };
  }
  return null;
}
