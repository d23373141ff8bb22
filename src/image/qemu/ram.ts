import { hex, PAGE_SIZE } from '../../address.js';
import type { StateComplaints, StateReader } from './state-reader.js';

const SECTION = { start: 1, part: 2, end: 3, command: 8, footer: 0x7e };

/** Flags in the low bits of a RAM record's address (QEMU's migration/ram.c). */
const FLAG = { fill: 0x02, sizes: 0x04, page: 0x08, end: 0x10, sameBlock: 0x20 };
const FLAGS_READ = FLAG.fill | FLAG.sizes | FLAG.page | FLAG.end | FLAG.sameBlock;

/** What flags that are not read stand for. */
const REFUSED_FLAGS: Readonly<Record<number, string>> = { 0x40: 'XBZRLE', 0x100: 'compression', 0x200: 'multifd' };

const MACHINE_MEMORY = 'pc.ram';

/** Memory that a machine was given by name (`-object memory-backend-ram,id=ram-node0`), node by node. */
const NAMED_MEMORY = /^(\/objects\/)?(mem|ram|ram-node|node|pc|dimm|memory)[-._]?\w*$/i;
/** Blocks of devices that such a name might fit as well. */
const DEVICE_MEMORY = /rom|vram|vga|bios|flash|bar|fw_cfg|acpi|smram|tseg/i;
/** Devices have less. */
const MIN_NAMED = 16 << 20;
/** More blocks than any machine has devices. */
const MAX_BLOCKS = 4096;

/** Each page takes at least 9 bytes of the state, and 8 of an index. */
const MIN_PER_PAGE = 8;
const PAGES_IN_HAND = 2 ** 22;
/** 512 GiB of memory: an index of more would not be held. */
const MAX_PAGES = 2 ** 27;

/** The machine's memory: one block, or one for each node, in the order of their addresses. */
export interface RamBlocks {
  readonly byteLength: number;
  readonly names: readonly string[];
}

/** A page of the machine's memory. Who receives one that is stored must take or skip its bytes before the next. */
export interface RamRecord {
  /** Its number in the machine's memory. */
  readonly page: number;
  /** The byte that fills it; null where its bytes are stored. */
  readonly fill: number | null;
}

/**
 * The pages in the sections named `ram`, which come before those of the devices: as they were written, so that the last
 * record of a page is the valid one. Ends early where the file does, between two records.
 */
export class RamRecords {
  blocks: RamBlocks | null = null;
  /** Whether the end of the last section was read. */
  isWhole = false;
  private readonly starts = new Map<string, number>();
  private block = '';

  constructor(
    private readonly reader: StateReader,
    private readonly complaints: StateComplaints,
  ) {}

  /** @throws PoolTrackerError FORMAT_DAMAGED, FORMAT_REFUSED */
  async *pages(): AsyncGenerator<RamRecord> {
    const { reader, complaints } = this;
    for (;;) {
      const at = reader.offset;
      const type = await reader.u8();
      if (type === SECTION.command) {
        await skipCommand(reader);
        continue;
      }
      if (type < SECTION.start || type > SECTION.end)
        throw complaints.damaged(`no section of memory at file offset ${hex(at)}`);
      await reader.u32();
      if (type === SECTION.start) {
        const name = await reader.text();
        if (name !== 'ram')
          throw complaints.refused(
            `the section '${name}' comes before memory`,
            'save the state without block migration',
          );
        await reader.skip(8);
      }
      if (!(yield* this.section())) return;
      if (type === SECTION.end) {
        this.isWhole = true;
        if (this.blocks === null) throw this.noMemory([]);
        return;
      }
      if (await reader.takes(SECTION.footer)) await reader.u32();
    }
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
        const name = Object.entries(REFUSED_FLAGS).find(([flag]) => (flags & Number(flag)) !== 0)?.[1];
        throw complaints.refused(
          `the record at file offset ${hex(at)} has flags ${hex(flags)}${name === undefined ? '' : `, of ${name}`}, which cannot be read`,
          'save the state without compression, XBZRLE, multifd and mapped-ram',
        );
      }
      if (flags & FLAG.end) return true;
      if (flags & FLAG.sizes) {
        await this.readSizes(address);
        continue;
      }
      if (!(flags & FLAG.sameBlock)) this.block = await reader.text();
      const fill = flags & FLAG.fill ? await reader.u8() : null;
      if (fill === null && !(flags & FLAG.page))
        throw complaints.damaged(
          `the record before file offset ${hex(reader.offset)} holds neither a page nor a fill byte`,
        );
      const start = this.starts.get(this.block);
      if (start !== undefined) yield this.recordAt(start + address, fill);
      else if (fill === null && !(await reader.skip(PAGE_SIZE))) return false;
    }
  }

  private recordAt(address: number, fill: number | null): RamRecord {
    const { byteLength } = this.blocks!;
    if (address >= byteLength)
      throw this.complaints.damaged(`a page at ${hex(address)} is behind the end of its block at ${hex(byteLength)}`);
    return { page: address / PAGE_SIZE, fill };
  }

  /** The blocks and their sizes, which add up to `total`. */
  private async readSizes(total: number): Promise<void> {
    const { reader, complaints } = this;
    const blocks: { readonly name: string; readonly size: number }[] = [];
    for (let left = total; left > 0;) {
      const name = await reader.text();
      const size = Number(await reader.u64());
      if (size === 0 || size > left || size % PAGE_SIZE !== 0 || blocks.length >= MAX_BLOCKS) {
        throw complaints.damaged(`its block '${name}' has ${size} bytes, of ${left} that are left for all`);
      }
      left -= size;
      blocks.push({ name, size });
    }
    const own = blocks.filter(({ name }) => name === MACHINE_MEMORY);
    const named = blocks.filter(
      ({ name, size }) => size >= MIN_NAMED && NAMED_MEMORY.test(name) && !DEVICE_MEMORY.test(name),
    );
    const memory = own.length > 0 ? own : named;
    if (memory.length === 0) throw this.noMemory(blocks.map(({ name }) => name));
    const size = memory.reduce((sum, block) => sum + block.size, 0);
    if (size / PAGE_SIZE > MAX_PAGES)
      throw complaints.refused(
        `its memory has ${size} bytes; up to ${MAX_PAGES * PAGE_SIZE} are read`,
        'dump it as ELF',
      );
    if (size / PAGE_SIZE > Math.max(PAGES_IN_HAND, reader.byteLength / MIN_PER_PAGE)) {
      throw complaints.damaged(
        `its memory is said to be ${size} bytes, which a file of ${reader.byteLength} cannot hold`,
      );
    }
    let start = 0;
    for (const block of memory) {
      this.starts.set(block.name, start);
      start += block.size;
    }
    this.blocks = { byteLength: size, names: memory.map(({ name }) => name) };
  }

  private noMemory(names: readonly string[]): Error {
    const found = names.length === 0 ? 'it has no blocks' : `its blocks are ${names.join(', ')}`;
    return this.complaints.refused(`it has no block ${MACHINE_MEMORY}: ${found}`, 'only PC machines can be read');
  }
}

/** A command to the other side of a migration, as some capabilities add: its number, the length of its data, and these. */
async function skipCommand(reader: StateReader): Promise<void> {
  await reader.u16();
  await reader.skip(await reader.u16());
}
