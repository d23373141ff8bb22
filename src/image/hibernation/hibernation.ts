import { hex, PAGE_SIZE } from '../../address.js';
import { dateOfFileTime } from '../../filetime.js';
import { type Chunk, ChunkedSource, listedChunks } from '../../source/reading/chunked-source.js';
import type { Warning } from '../../errors.js';
import { Container, type Fields } from '../../source/reading/container.js';
import { fileNameOf } from '../../source/source.js';
import { ClippedRuns } from '../clipped-runs.js';
import type { ImageFormat } from '../image.js';
import { type Compression, type CompressionSet, decompressSet, LostPages } from './sets.js';
import { firstRangeTable, windows7Sets } from './windows-7.js';
import { isUnknownWindows8, isWindows8Layout, setsWithoutHeader, windows8Sets } from './windows-8.js';

/** Pages per bitmap. */
const GROUP = 1 << 16;

/** The set of physical pages seen, for formats that may store one twice. Uses one bit per page near one seen. */
export class PageSet {
  private readonly groups = new Map<number, Uint8Array>();

  /** Whether `page` was new. */
  add(page: number): boolean {
    const key = Math.floor(page / GROUP);
    let group = this.groups.get(key);
    if (group === undefined) this.groups.set(key, (group = new Uint8Array(GROUP / 8)));
    const index = (page % GROUP) >> 3;
    const bit = 1 << (page & 7);
    if (group[index]! & bit) return false;
    group[index]! |= bit;
    return true;
  }
}

const SYSTEM_TIME = 0x20;

/** 4 TiB of addresses, more than any machine hibernates with. */
const MAX_FRAMES = 2 ** 30;

/** Location of each compressed set, and of its pages in the view; one array per field, since there are many. */
class SetIndex {
  readonly starts: number[] = [];
  private readonly offsets: number[] = [];
  private readonly sizes: number[] = [];
  private readonly compressions: Compression[] = [];
  byteLength = 0;

  add({ offset, size, compression, pages }: CompressionSet): void {
    this.starts.push(this.byteLength);
    this.offsets.push(offset);
    this.sizes.push(size);
    this.compressions.push(compression);
    this.byteLength += pages.length * PAGE_SIZE;
  }

  load(container: Container, { index, length }: Chunk): Promise<Uint8Array> {
    const set = { offset: this.offsets[index]!, size: this.sizes[index]!, compression: this.compressions[index]! };
    return decompressSet(container, set, length);
  }
}

/** The sets of whatever version the file is of, and what is odd about it. */
async function setsOf(
  container: Container,
  header: Fields,
  lost: LostPages,
): Promise<{ sets: AsyncIterable<CompressionSet | null>; warnings: Warning[] }> {
  if (isWindows8Layout(header)) return { sets: windows8Sets(container, header, lost), warnings: [] };
  const table = await firstRangeTable(container);
  if (table !== null) return { sets: windows7Sets(container, table, lost), warnings: [] };
  const length = header.u32(0xc);
  if (await isUnknownWindows8(container, header)) {
    const message = `a header of ${length} bytes is of no Windows that is known; its restore sets were found where all versions since Windows 10 have them, and end where no further set begins`;
    return { sets: windows8Sets(container, header, lost), warnings: [{ code: 'image-version-unknown', message }] };
  }
  const wiped = await setsWithoutHeader(container);
  if (wiped !== null) {
    const message = `the header does not lead to the pages: it was wiped, as when Windows has resumed from the file; what is left of them was found without it, and may be of different moments`;
    return { sets: wiped(lost), warnings: [{ code: 'image-header-wiped', message }] };
  }
  throw container.refused(
    `its header of ${length} bytes is of no x64 Windows 8 to 11, and no compressed pages are behind it`,
    'a file that Windows has resumed from may be wiped; take it from a machine that hibernated',
  );
}

const MAGIC = /^(hibr|wake|rstr)$/i;

/** hiberfil.sys: pages compressed in sets. Recognised by its first four bytes, in any letter case; wiped ones by name. */
export const hibernation: ImageFormat = {
  name: 'hibernation',
  title: 'Windows hibernation file (hiberfil.sys)',
  probe: (head, source) =>
    MAGIC.test(head.toString('latin1', 0, 4)) ||
    (/^hiberfil.*\.sys$/i.test(fileNameOf(source)) && head.subarray(0, PAGE_SIZE).every((byte) => byte === 0)),
  async open(source) {
    const container = new Container(source, 'hibernation file');
    const header = await container.fields(0, PAGE_SIZE, 'the header');
    const lost = new LostPages();
    const { sets, warnings } = await setsOf(container, header, lost);
    const index = new SetIndex();
    const seen = new PageSet();
    const runs = new ClippedRuns(container, Infinity);
    let cut = false;
    for await (const set of sets) {
      if (set === null || set.offset + set.size > source.byteLength) {
        cut = true;
        continue;
      }
      set.pages.forEach((page, position) => {
        if (page >= MAX_FRAMES)
          throw container.damaged(`it holds page ${hex(page)}; expected pages below ${hex(MAX_FRAMES)}`);
        if (seen.add(page)) runs.add(page * PAGE_SIZE, PAGE_SIZE, index.byteLength + position * PAGE_SIZE);
      });
      index.add(set);
    }
    const finished = runs.finish();
    const systemTime = dateOfFileTime(header.u64(SYSTEM_TIME));
    const view = new ChunkedSource([source], {
      ...listedChunks(index.starts, index.byteLength),
      load: (chunk) => index.load(container, chunk),
    });
    if (cut)
      warnings.push({
        code: 'image-cut',
        message: 'the hibernation file is cut short: it ends before its last compressed pages',
      });
    warnings.push(...lost.warnings);
    return {
      format: 'hibernation',
      source: view,
      runs: finished.runs,
      hints: { ...(systemTime && { systemTime }) },
      warnings,
    };
  },
};
