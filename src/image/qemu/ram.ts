import { hex, PAGE_SIZE } from '../../address.js';
import { bitmapLength, isMarked, type MappedBlock, readMappedHeader } from './mapped-ram.js';
import { SKIPPED_SECTIONS, skipCommand } from './other-sections.js';
import { MAX_PACKED } from './page-versions.js';
import { isNamedMemory, MACHINE_MEMORY, machineMemory, type RamBlock, type RamBlocks } from './ram-blocks.js';
import type { StateComplaints, StateReader } from './state-reader.js';

const SECTION = { start: 1, part: 2, last: 3, device: 4, command: 8, footer: 0x7e };

/** Flags in the low bits of a RAM record's address (QEMU's migration/ram.c). */
const FLAG = { fill: 0x02, sizes: 0x04, page: 0x08, end: 0x10, sameBlock: 0x20, changes: 0x40, packed: 0x100 };
const FLAGS_READ = Object.values(FLAG).reduce((all, flag) => all | flag);

/** Why memory is not in the state, by flags that are not read. */
const ELSEWHERE: Readonly<Record<number, string>> = {
  0x80: 'its pages went by RDMA, beside it',
  0x200: 'its pages went through other channels (multifd), beside it',
};

/** What an XBZRLE record begins with. */
const XBZRLE = 1;

/** More blocks than any machine has devices. */
const MAX_BLOCKS = 4096;
/** More kinds of sections than any machine sends in parts. */
const MAX_SECTIONS = 4096;

const AS_ELF = 'dump the machine as ELF: dump-guest-memory, or virsh dump --memory-only';
const AS_FILE = 'copy it to a file first, or keep it with --spool DIR';

/** A page of the machine's memory. Who receives one must take or skip its bytes before the next. */
export interface RamRecord {
  /** Its number in the machine's memory. */
  readonly page: number;
  /** A byte that fills it, its bytes, a zlib stream of them, or what XBZRLE tells of their difference to the last ones. */
  readonly form: 'filled' | 'stored' | 'packed' | 'changes';
  /** How many bytes of it follow in the state. */
  readonly length: number;
  /** What fills it. */
  readonly byte: number;
}

/**
 * The pages in the sections named `ram`, which come before those of the devices: as they were written, so that the last
 * record of a page is the valid one. Ends early where the file does.
 */
export class RamRecords {
  blocks: RamBlocks | null = null;
  /** Whether the end of memory was read. */
  isWhole = false;
  private readonly listed: RamBlock[] = [];
  private readonly placed = new Map<string, { readonly start: number; readonly size: number }>();
  private readonly sections = new Map<number, string>();
  private block = '';
  private hasPages = false;

  /** @param capabilities what the state's configuration lists */
  constructor(
    private readonly reader: StateReader,
    private readonly capabilities: ReadonlySet<string>,
    private readonly complaints: StateComplaints,
  ) {}

  /** @throws PoolTrackerError FORMAT_DAMAGED, FORMAT_REFUSED */
  async *pages(): AsyncGenerator<RamRecord> {
    try {
      yield* this.allSections();
    } catch (error) {
      if (!this.reader.isCut) throw error;
      // Blocks with places of their own have their pages behind the list that ends early.
      if (this.blocks === null && this.listed.some(({ mapped }) => mapped !== null)) this.setBlocks(this.listed);
      if (this.blocks === null) throw error;
    }
  }

  private async *allSections(): AsyncGenerator<RamRecord> {
    const { reader, complaints } = this;
    for (;;) {
      const at = reader.offset;
      const type = await reader.u8();
      if (type === SECTION.command) {
        await skipCommand(reader);
        continue;
      }
      if (type === SECTION.device) {
        // A snapshot that is taken in the background has no last section of memory.
        this.isWhole = this.hasPages;
        if (this.isWhole) return;
        throw await this.unknown();
      }
      if (type < SECTION.start || type > SECTION.last)
        throw complaints.damaged(`no section of memory at file offset ${hex(at)}`);
      const name = await this.sectionName(type);
      if (name === 'ram') {
        if (!(yield* this.section())) return;
        this.isWhole = type === SECTION.last;
        if (this.isWhole) break;
      } else await SKIPPED_SECTIONS.get(name)!(reader);
      if ((await reader.has(1)) && (await reader.takes(SECTION.footer))) await reader.u32();
    }
    if (this.blocks === null) this.setBlocks([]);
  }

  /** Of a section that is read or passed over. */
  private async sectionName(type: number): Promise<string> {
    const { reader, complaints, sections } = this;
    if (type !== SECTION.start) {
      const id = await reader.u32();
      const name = sections.get(id);
      if (name !== undefined) return name;
      throw complaints.damaged(
        `a part of section ${id} stands before file offset ${hex(reader.offset)}, which none begins`,
      );
    }
    const id = await reader.u32();
    const name = await reader.text();
    if (name !== 'ram' && !SKIPPED_SECTIONS.has(name)) throw this.unread(name);
    if (sections.size >= MAX_SECTIONS) throw complaints.damaged(`it has more than ${MAX_SECTIONS} sections`);
    await reader.skip(8);
    sections.set(id, name);
    return name;
  }

  private async unknown(): Promise<Error> {
    await this.reader.u32();
    return this.unread(await this.reader.text());
  }

  private unread(name: string): Error {
    return this.complaints.refused(
      `the section '${name}' stands before the end of memory, and where it ends is not known`,
      `${AS_ELF}; or save the state without that device`,
    );
  }

  /** @returns false when the file ends first */
  private async *section(): AsyncGenerator<RamRecord, boolean> {
    const { reader, complaints } = this;
    for (;;) {
      if (this.blocks !== null && !(await reader.has(8))) return false;
      const at = reader.offset;
      const word = await reader.u64();
      const flags = Number(word & 0xfffn);
      const address = Number(word - BigInt(flags));
      if (flags & ~FLAGS_READ) {
        const why = Object.entries(ELSEWHERE).find(([flag]) => (flags & Number(flag)) !== 0)?.[1];
        throw complaints.refused(
          `the record at file offset ${hex(at)} has flags ${hex(flags)}${why === undefined ? ', which are not known' : `: ${why}`}`,
          `${AS_ELF}; or save the state to a file`,
        );
      }
      if (flags & FLAG.end) return true;
      if (flags & FLAG.sizes) {
        yield* this.readSizes(address);
        continue;
      }
      if (!(flags & FLAG.sameBlock)) this.block = await reader.text();
      const content = await this.content(flags);
      const block = this.placed.get(this.block);
      if (block !== undefined) yield this.recordAt(block, address, content);
      else if (!(await reader.skip(content.length))) return false;
    }
  }

  private async content(flags: number): Promise<Omit<RamRecord, 'page'>> {
    const { reader, complaints } = this;
    if (flags & FLAG.fill) return { form: 'filled', length: 0, byte: await reader.u8() };
    if (flags & FLAG.page) return { form: 'stored', length: PAGE_SIZE, byte: 0 };
    if (flags & FLAG.packed) {
      const length = await reader.u32();
      if (length <= MAX_PACKED) return { form: 'packed', length, byte: 0 };
      throw complaints.damaged(`a page before file offset ${hex(reader.offset)} is compressed to ${length} bytes`);
    }
    if (flags & FLAG.changes) {
      const kind = await reader.u8();
      const length = await reader.u16();
      if (kind === XBZRLE && length <= PAGE_SIZE) return { form: 'changes', length, byte: 0 };
      throw complaints.damaged(
        `a page before file offset ${hex(reader.offset)} has changes of kind ${kind} in ${length} bytes; expected kind ${XBZRLE} (XBZRLE)`,
      );
    }
    throw complaints.damaged(
      `the record before file offset ${hex(reader.offset)} holds neither a page nor a fill byte`,
    );
  }

  private recordAt(
    { start, size }: { readonly start: number; readonly size: number },
    address: number,
    content: Omit<RamRecord, 'page'>,
  ): RamRecord {
    if (address >= size)
      throw this.complaints.damaged(`a page at ${hex(address)} is behind the end of its block at ${hex(size)}`);
    this.hasPages = true;
    return { page: (start + address) / PAGE_SIZE, ...content };
  }

  /** The blocks and their sizes, which add up to `total`; in a stream also the pages that stand between them. */
  private async *readSizes(total: number): AsyncGenerator<RamRecord> {
    const { reader, complaints, listed, capabilities } = this;
    for (let left = total; left > 0;) {
      const name = await reader.text();
      const size = Number(await reader.u64());
      if (size === 0 || size > left || size % PAGE_SIZE !== 0 || listed.length >= MAX_BLOCKS) {
        throw complaints.damaged(`its block '${name}' has ${size} bytes, of ${left} that are left for all`);
      }
      left -= size;
      // The block's address, where memory that other programs share is left out.
      if (capabilities.has('x-ignore-shared')) await reader.skip(8);
      const isMapped = capabilities.has('mapped-ram');
      const base = listed.find(({ mapped }) => mapped !== null)?.mapped?.base ?? null;
      const mapped = isMapped ? await readMappedHeader(reader, { name, size }, base, complaints) : null;
      const block = { name, size, mapped, isLeftOut: isMapped && mapped === null };
      listed.push(block);
      if (mapped === null) continue;
      if (reader.isStream) yield* this.mappedPages(block, mapped);
      if (!(await reader.skip(mapped.pagesOffset + size - reader.offset))) break;
    }
    if (this.blocks === null) this.setBlocks(listed);
  }

  /** The pages of a block that has places for them, where they cannot be read later. */
  private async *mappedPages(block: RamBlock, mapped: MappedBlock): AsyncGenerator<RamRecord> {
    const { reader, complaints } = this;
    if (block.name !== MACHINE_MEMORY) {
      if (this.blocks !== null || !isNamedMemory(block)) return;
      throw complaints.refused(
        `memory has the name of a node, ${block.name}, and how much follows is not known`,
        AS_FILE,
      );
    }
    this.setBlocks([block]);
    const bitmap = await reader.take(bitmapLength(block.size));
    for (let page = 0; page < block.size / PAGE_SIZE; page++) {
      if (!isMarked(bitmap, page)) continue;
      if (!(await reader.skip(mapped.pagesOffset + page * PAGE_SIZE - reader.offset)) || !(await reader.has(1))) return;
      yield this.recordAt(this.placed.get(block.name)!, page * PAGE_SIZE, {
        form: 'stored',
        length: PAGE_SIZE,
        byte: 0,
      });
    }
  }

  private setBlocks(list: readonly RamBlock[]): void {
    this.blocks = machineMemory(list, this.reader.byteLength, this.complaints);
    for (const { name, start, size } of this.blocks.blocks) this.placed.set(name, { start, size });
    const left = this.blocks.blocks.find(({ isLeftOut }) => isLeftOut);
    if (left !== undefined) throw this.leftOut(left.name);
  }

  /** The state has no page of a block that other programs share. */
  leftOut(name: string): Error {
    return this.complaints.refused(
      `its memory ${name} is shared with other programs and was left out of it (x-ignore-shared)`,
      `name the file that holds that memory (mem-path of its memory-backend-file), or ${AS_ELF}`,
    );
  }
}
