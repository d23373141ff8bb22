import { hex, PAGE_SIZE } from '../../address.js';
import { dateOfFileTime } from '../../filetime.js';
import { type Chunk, ChunkedSource, listedChunks } from '../../source/reading/chunked-source.js';
import { Container } from '../../source/reading/container.js';
import { ClippedRuns } from '../clipped-runs.js';
import type { ImageFormat } from '../image.js';
import { type Compression, type CompressionSet, decompressSet } from './sets.js';
import { firstRangeTable, windows7Sets } from './windows-7.js';
import { isWindows8Layout, windows8Sets } from './windows-8.js';

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

/** hiberfil.sys: pages compressed in sets of at most 16. Recognised by its first four bytes, in any letter case. */
export const hibernation: ImageFormat = {
  name: 'hibernation',
  title: 'Windows hibernation file (hiberfil.sys)',
  probe: (head) => /^(hibr|wake)$/i.test(head.toString('latin1', 0, 4)),
  async open(source) {
    const container = new Container(source, 'hibernation file');
    const header = await container.fields(0, PAGE_SIZE, 'the header');
    const isNew = isWindows8Layout(header);
    const table = isNew ? null : await firstRangeTable(container);
    if (!isNew && table === null) {
      throw container.refused(
        `its header of ${header.u32(0xc)} bytes is of no x64 Windows 8 to 11, and no compressed pages of Windows 7 follow it`,
        'a file that Windows has resumed from may be wiped; take it from a machine that hibernated',
      );
    }
    const index = new SetIndex();
    const seen = new PageSet();
    const runs = new ClippedRuns(container, Infinity);
    let cut = false;
    for await (const set of table === null ? windows8Sets(container, header) : windows7Sets(container, table)) {
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
    const warnings = cut
      ? [{ code: 'image-cut', message: 'the hibernation file is cut short: it ends before its last compressed pages' }]
      : [];
    return {
      format: 'hibernation',
      source: view,
      runs: finished.runs,
      hints: { ...(systemTime && { systemTime }) },
      warnings,
    };
  },
};
