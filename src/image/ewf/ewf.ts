import { decodeZlib } from '../../codec/zlib.js';
import type { Warning } from '../../errors.js';
import type { Source } from '../../source/source.js';
import { ChunkedSource, evenChunks, type Chunk } from '../../source/reading/chunked-source.js';
import { ClippedRuns } from '../clipped-runs.js';
import type { Container } from '../../source/reading/container.js';
import { isEwf, openSegments, type EwfSegment } from './segments.js';
import type { ImageFormat } from '../image.js';
import { RecordTable } from '../../source/reading/record-table.js';

const TABLE_HEADER = 24;
const COMPRESSED = 0x8000_0000;

/** An Adler-32 follows each chunk that is stored uncompressed. */
const CHECKSUM = 4;

const MAX_CHUNK = 16 << 20;

/** A volume section of at least this size is EnCase's, with a 64-bit sector count; the smaller one is SMART's. */
const ENCASE_VOLUME = 1052;

/** A table section: the chunks that it lists, and the location of their data. */
interface ChunkList {
  readonly firstChunk: number;
  readonly entries: RecordTable;
  readonly container: Container;
  /** Base offset, added to each entry; and the end of the last chunk's data. */
  readonly base: number;
  readonly end: number;
}

interface Media {
  readonly byteLength: number;
  readonly chunkSize: number;
}

/** The sizes in the first `volume`, `disk` or `data` section. */
async function readMedia({ container, sections }: EwfSegment): Promise<Media> {
  const section = sections.find(({ type }) => type === 'volume' || type === 'disk' || type === 'data');
  if (section === undefined) throw container.damaged("it has no section 'volume' or 'disk'");
  const volume = await container.fields(section.offset, 24, `the section '${section.type}'`);
  const sectorSize = volume.u32(12);
  const chunkSize = volume.u32(8) * sectorSize;
  const sectors = section.size >= ENCASE_VOLUME ? volume.size(16, 'the number of sectors') : volume.u32(16);
  const byteLength = sectors * sectorSize;
  if (chunkSize === 0 || chunkSize > MAX_CHUNK || byteLength === 0 || byteLength > Number.MAX_SAFE_INTEGER) {
    throw container.damaged(
      `its chunks have ${chunkSize} bytes and its medium ${byteLength}; expected chunks of at most ${MAX_CHUNK}`,
    );
  }
  return { byteLength, chunkSize };
}

/** The tables of all segments in order; `table2` repeats `table`. */
async function listChunks(segments: readonly EwfSegment[]): Promise<ChunkList[]> {
  const lists: ChunkList[] = [];
  let firstChunk = 0;
  for (const { container, sections } of segments) {
    let dataEnd = container.source.byteLength;
    for (const section of sections) {
      if (section.type === 'sectors') dataEnd = section.offset + section.size;
      if (section.type !== 'table') continue;
      const header = await container.fields(section.offset, TABLE_HEADER, "the section 'table'");
      const count = header.u32(0);
      if (count * 4 > section.size - TABLE_HEADER) {
        throw container.damaged(`its table has ${count} entries, which do not fit in ${section.size} bytes`);
      }
      const entries = new RecordTable(container, section.offset + TABLE_HEADER, 4, count, 'chunk offset');
      lists.push({ firstChunk, entries, container, base: header.size(8, "a table's base offset"), end: dataEnd });
      firstChunk += count;
    }
  }
  return lists;
}

async function loadChunk(list: ChunkList, index: number, length: number): Promise<Uint8Array> {
  const entry = (await list.entries.get(index)).u32(0);
  const offset = list.base + (entry & ~COMPRESSED);
  const last = index + 1 === list.entries.count;
  const end = last ? list.end : list.base + ((await list.entries.get(index + 1)).u32(0) & ~COMPRESSED);
  const stored = end - offset;
  // Incompressible data grow a little when compressed.
  if (stored <= 0 || stored > length * 2 + 0x1000) {
    throw list.container.damaged(
      `chunk ${list.firstChunk + index} takes ${stored} bytes in it, for ${length} bytes of memory`,
    );
  }
  const bytes = await list.container.bytes(offset, stored, `chunk ${list.firstChunk + index}`);
  if ((entry & COMPRESSED) !== 0) return decodeZlib(bytes, length);
  return bytes.subarray(0, Math.min(length, stored - CHECKSUM));
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
      const chunks = lists.reduce((sum, list) => sum + list.entries.count, 0);
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
      return {
        format: 'ewf',
        source: new ChunkedSource(sources, { ...table, load }),
        runs: finished.runs,
        hints: {},
        warnings: [...warnings, ...finished.warnings],
      };
    } catch (error) {
      await Promise.all(further.map((segment) => segment.close()));
      throw error;
    }
  },
};
