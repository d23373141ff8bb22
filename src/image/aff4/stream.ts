import { decodeLz4Block } from '../../codec/lz4.js';
import { decodeSnappy } from '../../codec/snappy.js';
import { decodeRawDeflate, decodeZlib } from '../../codec/zlib.js';
import { Cache, cached } from '../../source/reading/cache.js';
import { RecordTable } from '../../source/reading/record-table.js';
import { type BlockHashes, openBlockHashes } from './block-hashes.js';
import type { Aff4Volume } from './volume.js';

/** Size of an entry in a bevy's index, which locates its chunks. */
const INDEX_ENTRY = 12;

const MAX_CHUNK = 16 << 20;
const MAX_BEVIES = 1 << 24;
const BEVIES_KEPT = 64;

type Decode = (data: Uint8Array, limit: number) => Uint8Array | Promise<Uint8Array>;

/** By compressionMethod; chunks that did not shrink are always stored uncompressed. */
const DECODERS: Readonly<Record<string, Decode>> = {
  'https://www.ietf.org/rfc/rfc1950.txt': decodeZlib,
  'https://tools.ietf.org/html/rfc1951': decodeRawDeflate,
  'http://code.google.com/p/snappy/': decodeSnappy,
  'https://github.com/google/snappy': decodeSnappy,
  'https://code.google.com/p/lz4/': decodeLz4Block,
  'https://github.com/lz4/lz4': decodeLz4Block,
  'http://aff4.org/Schema#NullCompressor': (data) => data,
};

interface Bevy {
  readonly offset: number;
  readonly size: number;
  readonly index: RecordTable;
  /** Null where none were kept. */
  readonly hashes: BlockHashes | null;
}

/** An aff4:ImageStream: individually compressed chunks of equal size, in members of many chunks (bevies). */
export class Aff4Stream {
  private readonly bevies = new Cache<number, Promise<Bevy>>(BEVIES_KEPT);

  private constructor(
    private readonly volume: Aff4Volume,
    private readonly urn: string,
    readonly byteLength: number,
    readonly chunkSize: number,
    private readonly chunksInBevy: number,
    private readonly decode: Decode,
  ) {}

  /** @throws PoolTrackerError FORMAT_DAMAGED, FORMAT_REFUSED */
  static open(volume: Aff4Volume, urn: string): Aff4Stream {
    const byteLength = volume.number(urn, 'size');
    const chunkSize = volume.number(urn, 'chunkSize');
    const chunksInBevy = volume.number(urn, 'chunksInSegment');
    const method = volume.property(urn, 'compressionMethod')[0] ?? 'http://aff4.org/Schema#NullCompressor';
    const decode = Object.hasOwn(DECODERS, method) ? DECODERS[method] : undefined;
    if (decode === undefined)
      throw volume.container.refused(
        `its chunks are compressed with ${method}`,
        'zlib, deflate, snappy, LZ4 and stored can be read',
      );
    const count = Math.ceil(byteLength / (chunkSize * chunksInBevy));
    if (chunkSize === 0 || chunksInBevy === 0 || chunkSize > MAX_CHUNK || count > MAX_BEVIES) {
      throw volume.container.damaged(
        `its stream ${urn} of ${byteLength} bytes has ${chunksInBevy} chunks of ${chunkSize} bytes a segment`,
      );
    }
    return new Aff4Stream(volume, urn, byteLength, chunkSize, chunksInBevy, decode);
  }

  /** Chunk `number`, of `length` bytes. @throws PoolTrackerError FORMAT_DAMAGED */
  async chunk(number: number, length: number): Promise<Uint8Array> {
    const { container } = this.volume;
    const bevy = await this.bevy(Math.floor(number / this.chunksInBevy));
    const entry = await bevy.index.get(number % this.chunksInBevy);
    const offset = entry.size(0, "a chunk's offset");
    const stored = entry.u32(8);
    if (offset + stored > bevy.size || stored > 2 * this.chunkSize) {
      throw container.damaged(
        `chunk ${number} of ${this.urn} takes ${stored} bytes at ${offset}, where its segment has ${bevy.size}`,
      );
    }
    const bytes = await container.bytes(bevy.offset + offset, stored, `chunk ${number} of ${this.urn}`);
    const whole = stored >= this.chunkSize ? bytes : await this.decode(bytes, this.chunkSize);
    if (bevy.hashes !== null && !(await bevy.hashes.match(number % this.chunksInBevy, whole, length)))
      throw container.damaged(`chunk ${number} of ${this.urn} does not match its ${bevy.hashes.name}`);
    return whole.subarray(0, length);
  }

  private bevy(number: number): Promise<Bevy> {
    return cached(this.bevies, number, 1, () =>
      openBevy(this.volume, `${this.urn}/${String(number).padStart(8, '0')}`),
    );
  }
}

async function openBevy(volume: Aff4Volume, urn: string): Promise<Bevy> {
  const data = volume.member(urn);
  const index = volume.member(`${urn}.index`) ?? volume.member(`${urn}/index`);
  if (data === undefined || index === undefined)
    throw volume.container.damaged(`it has no member ${urn}, or none of its index`);
  const indexAt = await volume.storedAt(index);
  await volume.verifyStored(index, indexAt);
  const table = new RecordTable(
    volume.container,
    indexAt,
    INDEX_ENTRY,
    Math.floor(index.size / INDEX_ENTRY),
    'chunk index entry',
  );
  return {
    offset: await volume.storedAt(data),
    size: data.size,
    index: table,
    hashes: await openBlockHashes(volume, urn),
  };
}
