import { PAGE_SIZE, rootAddress, virtualAddress } from '../../address.js';
import type { Container, Fields } from '../../source/reading/container.js';
import { dateOfFileTime } from '../../filetime.js';
import type { Architecture, ImageHints } from '../image.js';

/** Field offsets in DUMP_HEADER of either width, in bytes. */
export interface CrashDumpLayout {
  readonly title: string;
  /** The first eight bytes. */
  readonly magic: string;
  readonly wide: boolean;
  readonly size: number;
  readonly directoryTableBase: number;
  readonly psLoadedModuleList: number;
  readonly machineImageType: number;
  readonly numberProcessors: number;
  readonly kdDebuggerDataBlock: number;
  readonly memoryBlock: number;
  readonly dumpType: number;
  readonly systemTime: number;
  readonly attributes: number;
}

export const HEADER_64: CrashDumpLayout = {
  title: '64-bit crash dump',
  magic: 'PAGEDU64',
  wide: true,
  size: 0x2000,
  directoryTableBase: 0x10,
  psLoadedModuleList: 0x20,
  machineImageType: 0x30,
  numberProcessors: 0x34,
  kdDebuggerDataBlock: 0x80,
  memoryBlock: 0x88,
  dumpType: 0xf98,
  systemTime: 0xfa8,
  attributes: 0x1050,
};

export const HEADER_32: CrashDumpLayout = {
  title: '32-bit crash dump',
  magic: 'PAGEDUMP',
  wide: false,
  size: 0x1000,
  directoryTableBase: 0x10,
  psLoadedModuleList: 0x18,
  machineImageType: 0x20,
  numberProcessors: 0x24,
  kdDebuggerDataBlock: 0x60,
  memoryBlock: 0x64,
  dumpType: 0xf88,
  systemTime: 0xfc0,
  attributes: 0x8a0,
};

const BUILD = 0x0c;

/** The value of a field that Windows did not fill: `PAGE`. */
const UNUSED = 0x45474150;
const UNUSED_WIDE = 0x4547415045474150n;

const ENCRYPTED = 1 << 8;

const ARCHITECTURES: Readonly<Record<number, Architecture>> = { 0x14c: 'x86', 0x8664: 'x64', 0xaa64: 'arm64' };

/** Space for PHYSICAL_MEMORY_DESCRIPTOR in the header. */
const MEMORY_BLOCK_SIZE = 700;

const MAX_PROCESSORS = 4096;

/** A range of physical pages, in pages. */
export interface PageRun {
  readonly basePage: number;
  readonly pageCount: number;
}

/** DUMP_HEADER or DUMP_HEADER64: the fields about memory and the location of its tables. */
export class CrashDumpHeader {
  private constructor(
    private readonly container: Container,
    private readonly fields: Fields,
    readonly layout: CrashDumpLayout,
  ) {}

  /** @throws PoolTrackerError FORMAT_DAMAGED when the file ends within the header */
  static async read(container: Container, layout: CrashDumpLayout): Promise<CrashDumpHeader> {
    return new CrashDumpHeader(container, await container.fields(0, layout.size, 'the header'), layout);
  }

  get dumpType(): number {
    return this.fields.u32(this.layout.dumpType);
  }

  get encrypted(): boolean {
    const attributes = this.fields.u32(this.layout.attributes);
    return attributes !== UNUSED && (attributes & ENCRYPTED) !== 0;
  }

  /**
   * PhysicalMemoryBlock's runs, in the order in which a full dump stores their pages, and what is odd about them.
   * @throws PoolTrackerError FORMAT_DAMAGED when it lists more runs than fit, or when the file has as many pages as its
   *   header counts and not as its runs hold: then their places cannot be believed
   */
  memoryRuns(): { runs: PageRun[]; odd: string | null } {
    const { memoryBlock, wide } = this.layout;
    const [first, width] = wide ? [0x10, 16] : [8, 8];
    const most = Math.floor((MEMORY_BLOCK_SIZE - first) / width);
    const count = this.fields.u32(memoryBlock);
    if (count === 0 || count > most) {
      throw this.container.damaged(`the header's memory block lists ${count} runs; expected 1 to ${most}`);
    }
    const runs: PageRun[] = [];
    for (let at = memoryBlock + first; runs.length < count; at += width) {
      runs.push({ basePage: this.word(at, 'a base page'), pageCount: this.word(at + width / 2, 'a page count') });
    }
    const pages = runs.reduce((sum, run) => sum + run.pageCount, 0);
    const counted = this.word(memoryBlock + first / 2, 'the number of pages');
    if (pages === counted) return { runs, odd: null };
    const odd = `the header's memory block counts ${counted} pages, but its runs hold ${pages}`;
    const stored = Math.floor((this.container.source.byteLength - this.layout.size) / PAGE_SIZE);
    if (stored === counted) throw this.container.damaged(`${odd}, and the file holds ${stored}`);
    return { runs, odd: `${odd}; the runs are believed` };
  }

  hints(): ImageHints {
    const { layout, fields } = this;
    const architecture = ARCHITECTURES[fields.u32(layout.machineImageType)];
    const root = rootAddress(this.pointer(layout.directoryTableBase), architecture ?? (layout.wide ? 'x64' : 'x86'));
    const modules = this.pointer(layout.psLoadedModuleList);
    const debuggerBlock = this.pointer(layout.kdDebuggerDataBlock);
    const systemTime = dateOfFileTime(fields.u64(layout.systemTime));
    const processors = fields.u32(layout.numberProcessors);
    const build = fields.u32(BUILD);
    return {
      ...(architecture && { architecture }),
      ...(root !== 0 && { pageTableRoots: [{ address: root, from: 'crash dump header' }] }),
      ...(modules !== 0n && { psLoadedModuleList: virtualAddress(modules) }),
      ...(debuggerBlock !== 0n && { kdDebuggerDataBlock: virtualAddress(debuggerBlock) }),
      ...(systemTime && { systemTime }),
      ...(processors > 0 && processors <= MAX_PROCESSORS && { processors }),
      ...(build > 0 && build < 0x10000 && { build }),
    };
  }

  /** A pointer of the dump's width; 0 when the field is unused. */
  private pointer(offset: number): bigint {
    const value = this.layout.wide ? this.fields.u64(offset) : BigInt(this.fields.u32(offset));
    return value === (this.layout.wide ? UNUSED_WIDE : BigInt(UNUSED)) ? 0n : value;
  }

  private word(offset: number, name: string): number {
    return this.layout.wide ? this.fields.size(offset, name) : this.fields.u32(offset);
  }
}
