import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import { encodeLz4Block } from '../../encode/lz4-block.js';
import { encodeSnappy } from '../../encode/snappy.js';
import type { GeneratedMemory } from '../../generate/memory-plan.js';
import { FileBuilder, u32, u64 } from '../../encode/bytes.js';
import { zip64, type ZipEntry } from '../zip.js';

const METHODS = {
  zlib: { urn: 'https://www.ietf.org/rfc/rfc1950.txt', encode: (data: Uint8Array): Buffer => deflateSync(data) },
  snappy: { urn: 'http://code.google.com/p/snappy/', encode: encodeSnappy },
  lz4: { urn: 'https://code.google.com/p/lz4/', encode: encodeLz4Block },
  stored: { urn: 'http://aff4.org/Schema#NullCompressor', encode: (data: Uint8Array): Uint8Array => data },
};

const VOLUME = 'aff4://11111111-2222-3333-4444-555555555555';
const IMAGE = 'aff4://aaaaaaaa-0000-0000-0000-000000000000';
const MAP = 'aff4://aaaaaaaa-0000-0000-0000-000000000001';
const CHUNK = 0x8000;
const CHUNKS_IN_BEVY = 64;

/** Ranges of zeros of this length and more go to the target that stands for zeros. */
const ZEROS = 0x40000;

export interface Aff4Options {
  readonly method?: keyof typeof METHODS;
  /** The map itself has the category; else an image whose data stream it is. */
  readonly direct?: boolean;
  /** Kinds of block hashes that are kept beside each bevy. */
  readonly hashes?: readonly ('md5' | 'sha1' | 'sha256' | 'sha512' | 'blake2b')[];
}

/** An AFF4 volume with a map of physical memory over one compressed stream. */
export function aff4Buffer({ memory }: GeneratedMemory, options: Aff4Options = {}): Buffer {
  const { urn: method, encode } = METHODS[options.method ?? 'zlib'];
  const stored: Buffer[] = [];
  const map = new FileBuilder();
  let length = 0;
  for (const [start, end] of memory.presentRanges()) {
    for (let at = start; at < end; at += ZEROS) {
      const bytes = memory.read(at, Math.min(ZEROS, end - at));
      const isZero = !bytes.some((byte) => byte !== 0);
      map.add(u64(at), u64(bytes.length), u64(isZero ? 0 : length), u32(isZero ? 1 : 0));
      if (isZero) continue;
      stored.push(bytes);
      length += bytes.length;
    }
  }
  const stream = `${MAP}/data`;
  const entries: ZipEntry[] = [
    { name: 'container.description', bytes: Buffer.from(VOLUME) },
    { name: 'version.txt', bytes: Buffer.from('major=1\nminor=0\ntool=test\n') },
    { name: `${encodeURIComponent(MAP)}/map`, bytes: map.result() },
    {
      name: `${encodeURIComponent(MAP)}/idx`,
      bytes: Buffer.from(`${stream}\nhttp://aff4.org/Schema#Zero\n`),
      deflate: true,
    },
    ...bevies(stream, Buffer.concat(stored), encode, options.hashes ?? []),
    {
      name: 'information.turtle',
      bytes: Buffer.from(metadata(stream, length, method, options.direct === true)),
      deflate: true,
    },
  ];
  return zip64(entries);
}

function bevies(
  stream: string,
  data: Buffer,
  encode: (data: Uint8Array) => Uint8Array,
  hashes: readonly string[],
): ZipEntry[] {
  const entries: ZipEntry[] = [];
  for (let at = 0, number = 0; at < data.length; at += CHUNK * CHUNKS_IN_BEVY, number++) {
    const bevy = new FileBuilder();
    const index = new FileBuilder();
    const sums = hashes.map((kind) => ({ kind, digests: new FileBuilder() }));
    for (let chunkAt = at; chunkAt < Math.min(data.length, at + CHUNK * CHUNKS_IN_BEVY); chunkAt += CHUNK) {
      const chunk = Buffer.concat([data.subarray(chunkAt, chunkAt + CHUNK)], CHUNK);
      const packed = encode(chunk);
      const bytes = packed.length < CHUNK ? packed : chunk;
      for (const { kind, digests } of sums)
        digests.add(
          createHash(kind === 'blake2b' ? 'blake2b512' : kind)
            .update(chunk)
            .digest(),
        );
      index.add(u64(bevy.add(bytes)), u32(bytes.length));
    }
    const name = `${encodeURIComponent(stream)}/${String(number).padStart(8, '0')}`;
    entries.push({ name, bytes: bevy.result() }, { name: `${name}.index`, bytes: index.result() });
    for (const { kind, digests } of sums) entries.push({ name: `${name}.blockHash.${kind}`, bytes: digests.result() });
  }
  return entries;
}

function metadata(stream: string, length: number, method: string, direct: boolean): string {
  const category = 'aff4:category <http://aff4.org/Schema#memory/physical> ;';
  return `@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix aff4: <http://aff4.org/Schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .

<${VOLUME}> a aff4:ZipVolume ;
    aff4:creationTime "2024-09-01T12:00:00.5+02:00"^^xsd:dateTime .

# Where memory is.
<${MAP}> a aff4:Map${direct ? '' : ', aff4:Image'} ;
    ${direct ? category : ''}
    aff4:dependentStream <${stream}> ;
    aff4:stored <${VOLUME}> .

<${IMAGE}> a aff4:Image ;
    ${direct ? '' : category}
    aff4:dataStream <${MAP}> ;
    aff4:description "a ; \\"memory\\" . image" .

<${stream}> a aff4:ImageStream ;
    aff4:chunkSize "${CHUNK}"^^xsd:int ;
    aff4:chunksInSegment ${CHUNKS_IN_BEVY} ;
    aff4:compressionMethod <${method}> ;
    aff4:size "${length}"^^xsd:long ;
    aff4:stored <${VOLUME}> .
`;
}
