import { adler32, decodeZlib } from '../../codec/zlib.js';
import type { Warning } from '../../errors.js';
import { ChunkedSource, evenChunks, type Chunk } from '../../source/reading/chunked-source.js';
import type { Source } from '../../source/source.js';
import { ClippedRuns } from '../clipped-runs.js';
import type { ImageFormat } from '../image.js';
import { readErrors, WithoutReadErrors } from './read-errors.js';
import { type EwfSection, type EwfSegment, isEwf, isIntact, openSegments } from './segments.js';
import { type ChunkList, listChunks } from './tables.js';

/** An Adler-32 follows each chunk that is stored uncompressed. */
const CHECKSUM = 4;

const MAX_CHUNK = 16 << 20;

/** A volume section of at least this size is EnCase's, with a 64-bit sector count; the smaller one is SMART's. */
const ENCASE_VOLUME = { size: 1052, checked: 1048 };
const SMART_VOLUME = { size: 94, checked: 90 };

/** Bytes of a volume section that are read. */
const VOLUME = 24;

interface Media {
  readonly byteLength: number;
  readonly chunkSize: number;
  readonly sectorSize: number;
}

/** Whether a volume section matches its checksum, or has none. */
async function isIntactVolume({ container }: EwfSegment, { offset, size }: EwfSection): Promise<boolean> {
  const kind = [ENCASE_VOLUME, SMART_VOLUME].find((one) => size >= one.size);
  if (kind === undefined) return true;
  return isIntact(await container.fields(offset, kind.size, 'a volume section'), kind.checked);
}

/** The first `volume`, `disk` or `data` section that matches its checksum: they say the same. */
async function intactVolume(segment: EwfSegment): Promise<EwfSection> {
  const volumes = segment.sections.filter(({ type }) => type === 'volume' || type === 'disk' || type === 'data');
  for (const section of volumes) {
    if (!segment.isChecked || (await isIntactVolume(segment, section))) return section;
  }
  throw segment.container.damaged(
    volumes.length === 0
      ? "it has no section 'volume' or 'disk'"
      : `its section '${volumes[0]!.type}' does not match its checksum`,
  );
}

async function readMedia(segment: EwfSegment): Promise<Media> {
  const { container } = segment;
  const section = await intactVolume(segment);
  const volume = await container.fields(section.offset, VOLUME, `the section '${section.type}'`);
  const sectorSize = volume.u32(12);
  const chunkSize = volume.u32(8) * sectorSize;
  const sectors = section.size >= ENCASE_VOLUME.size ? volume.size(16, 'the number of sectors') : volume.u32(16);
  const byteLength = sectors * sectorSize;
  if (chunkSize === 0 || chunkSize > MAX_CHUNK || byteLength === 0 || byteLength > Number.MAX_SAFE_INTEGER) {
    throw container.damaged(
      `its chunks have ${chunkSize} bytes and its medium ${byteLength}; expected chunks of at most ${MAX_CHUNK}`,
    );
  }
  return { byteLength, chunkSize, sectorSize };
}

async function loadChunk(list: ChunkList, index: number, length: number): Promise<Uint8Array> {
  const { container } = list.segment;
  const chunk = `chunk ${list.firstChunk + index}`;
  const { offset, stored, isCompressed } = await list.find(index);
  // Incompressible data grow a little when compressed.
  if (stored <= 0 || stored > length * 2 + 0x1000) {
    throw container.damaged(`${chunk} takes ${stored} bytes in it, for ${length} bytes of memory`);
  }
  const bytes = await container.bytes(offset, stored, chunk);
  if (isCompressed) return decodeZlib(bytes, length);
  const whole = stored - CHECKSUM;
  if (whole < length) throw container.damaged(`${chunk} takes ${stored} bytes in it; expected ${length + CHECKSUM}`);
  // The last chunk may be padded before its checksum.
  if (list.segment.isChecked && ![length, whole].some((end) => endsIntact(bytes, end)))
    throw container.damaged(`${chunk} does not match its checksum`);
  return bytes.subarray(0, length);
}

/** Whether the bytes before `end` match the Adler-32 that stands there. */
function endsIntact(bytes: Buffer, end: number): boolean {
  return adler32(bytes.subarray(0, end)) === bytes.readUInt32LE(end);
}

/** The list that contains a chunk: the last one that begins at or before it. */
function listOf(lists: readonly ChunkList[], chunk: number): ChunkList {
  let low = 0;
  for (let high = lists.length - 1; low < high;) {
    const middle = (low + high + 1) >>> 1;
    if (lists[middle]!.firstChunk <= chunk) low = middle;
    else high = middle - 1;
  }
  return lists[low]!;
}

/** Expert Witness (E01): raw memory in chunks, in one or several segment files. */
export const ewf: ImageFormat = {
  name: 'ewf',
  title: 'EWF evidence file of raw memory (.E01, with its further segments)',
  probe: isEwf,
  async open(source) {
    const { segments, complete } = await openSegments(source);
    const further = segments.slice(1).map(({ container }) => container.source);
    const sources: [Source, ...Source[]] = [source, ...further];
    try {
      const { container } = segments[0]!;
      const media = await readMedia(segments[0]!);
      const lists = await listChunks(segments);
      const chunks = lists.reduce((sum, list) => sum + list.count, 0);
      const table = evenChunks(media.chunkSize, Math.min(media.byteLength, chunks * media.chunkSize));
      const load = (chunk: Chunk): Promise<Uint8Array> => {
        const list = listOf(lists, chunk.index);
        return loadChunk(list, chunk.index - list.firstChunk, chunk.length);
      };
      const runs = new ClippedRuns(container, table.byteLength);
      runs.add(0, media.byteLength, 0);
      const warnings: Warning[] = complete
        ? []
        : [
            {
              code: 'image-companion-missing',
              message: `segment ${segments.length + 1} of the image is not beside it; ${segments.length} were found`,
            },
          ];
      const finished = runs.finish();
      const errors = await readErrors(segments, media.sectorSize, media.byteLength);
      const view = new ChunkedSource(sources, { ...table, load });
      return {
        format: 'ewf',
        source: errors.ranges.length === 0 ? view : new WithoutReadErrors(view, errors.ranges),
        runs: finished.runs,
        hints: {},
        warnings: [...warnings, ...finished.warnings, ...errors.warnings],
      };
    } catch (error) {
      await Promise.all(further.map((segment) => segment.close()));
      throw error;
    }
  },
};
