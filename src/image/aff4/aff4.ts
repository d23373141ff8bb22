import { type Chunk, ChunkedSource, type ChunkTable } from '../../source/reading/chunked-source.js';
import { Container, Fields } from '../../source/reading/container.js';
import { ZeroTailSource } from '../../source/reading/zero-tail-source.js';
import { LOCAL_HEADER, ZIP_SIGNATURE } from '../../source/zip-directory.js';
import { ClippedRuns } from '../clipped-runs.js';
import type { ImageFormat } from '../image.js';
import { Aff4Stream } from './stream.js';
import { AFF4, Aff4Volume } from './volume.js';

/** The archive's comment or its first member distinguishes AFF4 from other ZIP files. */
const FIRST_NAMES = ['container.description', 'version.txt', 'information.turtle', 'aff4%3A'];

const MAP_ENTRY = 28;
const MAX_MAP = 64 << 20;
const MAX_TARGET_LIST = 1 << 20;

const PHYSICAL_MEMORY = `${AFF4}memory/physical`;

/** Targets of a map that stand for zeros; other names in the schema stand for what could not be read. */
const ZEROS = [`${AFF4}Zero`, `${AFF4}SymbolicStream00`];

interface MapEntry {
  readonly start: number;
  readonly length: number;
  readonly offset: number;
  readonly target: string;
}

/** The map or stream that holds physical memory: the subject of that category, or the data of its image. */
function memoryStream(volume: Aff4Volume): string {
  for (const subject of volume.subjects) {
    if (!volume.property(subject, 'category').includes(PHYSICAL_MEMORY)) continue;
    const streams = [subject, ...volume.property(subject, 'dataStream')];
    const found = streams.find(
      (stream) => volume.isA(stream, 'Map') || volume.isA(stream, 'map') || volume.isA(stream, 'ImageStream'),
    );
    if (found !== undefined) return found;
  }
  throw volume.container.refused(
    'it holds no stream of the category physical memory',
    'images of disks hold no kernel tables',
  );
}

async function readMap(volume: Aff4Volume, urn: string): Promise<MapEntry[]> {
  const { container } = volume;
  const map = volume.member(`${urn}/map`);
  const list = volume.member(`${urn}/idx`);
  if (map === undefined || list === undefined)
    throw container.damaged(`its map ${urn} has no member 'map' or none 'idx'`);
  const targets = (await volume.readMember(list, MAX_TARGET_LIST))
    .toString('utf8')
    .split('\n')
    .map((line) => line.trim());
  const fields = new Fields(container, await volume.readMember(map, MAX_MAP), 'its map');
  const entries: MapEntry[] = [];
  for (let at = 0; at + MAP_ENTRY <= fields.bytes.length; at += MAP_ENTRY) {
    const target = targets[fields.u32(at + 24)];
    if (target === undefined || target === '')
      throw container.damaged(`its map names target ${fields.u32(at + 24)}, which 'idx' does not list`);
    entries.push({
      start: fields.size(at, 'an address'),
      length: fields.size(at + 8, 'a length'),
      offset: fields.size(at + 16, 'an offset'),
      target,
    });
  }
  return entries;
}

/** Concatenated streams. */
class JoinedStreams {
  private readonly begins = new Map<
    string,
    { readonly start: number; readonly chunk: number; readonly stream: Aff4Stream }
  >();
  private byteLength = 0;
  private chunks = 0;

  constructor(private readonly volume: Aff4Volume) {}

  /** The stream's start and length in the view. */
  add(urn: string): { start: number; byteLength: number } {
    let known = this.begins.get(urn);
    if (known === undefined) {
      const stream = Aff4Stream.open(this.volume, urn);
      known = { start: this.byteLength, chunk: this.chunks, stream };
      this.begins.set(urn, known);
      this.byteLength += stream.byteLength;
      this.chunks += Math.ceil(stream.byteLength / stream.chunkSize);
    }
    return { start: known.start, byteLength: known.stream.byteLength };
  }

  table(): ChunkTable {
    const streams = [...this.begins.values()];
    const holding = (matches: (begin: { start: number; chunk: number }) => boolean): (typeof streams)[number] =>
      streams.findLast(matches)!;
    return {
      byteLength: this.byteLength,
      at(offset) {
        const { start, chunk, stream } = holding((begin) => begin.start <= offset);
        const index = Math.floor((offset - start) / stream.chunkSize);
        const at = index * stream.chunkSize;
        return { index: chunk + index, start: start + at, length: Math.min(stream.chunkSize, stream.byteLength - at) };
      },
      load({ index, length }: Chunk) {
        const { chunk, stream } = holding((begin) => begin.chunk <= index);
        return stream.chunk(index - chunk, length);
      },
    };
  }
}

/** AFF4: a ZIP archive of compressed streams and a map from physical memory to them. */
export const aff4: ImageFormat = {
  name: 'aff4',
  title: 'AFF4 with a physical memory stream (.aff4)',
  keepsWrapper: () => true,
  probe: (head) =>
    head.length >= LOCAL_HEADER + 4 &&
    head.readUInt32LE(0) === ZIP_SIGNATURE.local &&
    FIRST_NAMES.some((name) =>
      head.toString('latin1', LOCAL_HEADER, LOCAL_HEADER + head.readUInt16LE(26)).startsWith(name),
    ),
  async open(source) {
    const container = new Container(source, 'AFF4 file');
    const volume = await Aff4Volume.open(container);
    const urn = memoryStream(volume);
    const streams = new JoinedStreams(volume);
    const isMap = !volume.isA(urn, 'ImageStream');
    const entries = isMap
      ? await readMap(volume, urn)
      : [{ start: 0, length: volume.number(urn, 'size'), offset: 0, target: urn }];
    const stored: { start: number; length: number; offset: number; end: number }[] = [];
    for (const { start, length, offset, target } of entries) {
      if (target.startsWith(AFF4)) continue;
      const stream = streams.add(target);
      stored.push({ start, length, offset: stream.start + offset, end: stream.start + stream.byteLength });
    }
    const table = streams.table();
    const zeros = entries.filter(({ target }) => ZEROS.includes(target));
    const view = new ChunkedSource([source], table);
    const runs = new ClippedRuns(container, table.byteLength);
    for (const { start, length, offset, end } of stored) {
      if (offset + length > end)
        throw container.damaged(`its map takes ${length} bytes from a stream that ends after ${end - offset}`);
      runs.add(start, length, offset);
    }
    for (const { start, length } of zeros) runs.addWhole(start, length, table.byteLength);
    const longest = zeros.reduce((most, { length }) => Math.max(most, length), 0);
    return {
      format: 'aff4',
      source: longest === 0 ? view : new ZeroTailSource(view, longest),
      ...runs.finish(),
      hints: {},
    };
  },
};
