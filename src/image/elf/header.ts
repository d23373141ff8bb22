import type { Container, Fields } from '../../source/reading/container.js';

export const PT_LOAD = 1;
export const PT_NOTE = 4;

/** More entries indicate garbage; QEMU writes one entry per block of memory. */
const MAX_ENTRIES = 1 << 17;

/** With this value, the real number of program headers is in the first section header. */
const PN_XNUM = 0xffff;

/** An entry of the program header table; sizes and offsets in bytes. */
export interface ElfSegment {
  readonly type: number;
  readonly offset: number;
  readonly virtualAddress: number;
  readonly physicalAddress: number;
  readonly fileSize: number;
  readonly memorySize: number;
}

/** An entry of the section header table. */
export interface ElfSection {
  /** Offset of its name in the section name table. */
  readonly name: number;
  readonly offset: number;
  readonly size: number;
  readonly info: number;
}

/** Field offsets of an ELF class. */
interface ElfLayout {
  readonly wide: boolean;
  readonly header: number;
  readonly segment: {
    size: number;
    offset: number;
    virtual: number;
    physical: number;
    fileSize: number;
    memorySize: number;
  };
  readonly section: { size: number; offset: number; length: number; info: number };
}

const CLASS_64: ElfLayout = {
  wide: true,
  header: 64,
  segment: { size: 56, offset: 8, virtual: 16, physical: 24, fileSize: 32, memorySize: 40 },
  section: { size: 64, offset: 24, length: 32, info: 44 },
};

const CLASS_32: ElfLayout = {
  wide: false,
  header: 52,
  segment: { size: 32, offset: 4, virtual: 8, physical: 12, fileSize: 16, memorySize: 20 },
  section: { size: 40, offset: 16, length: 20, info: 28 },
};

export const ET_CORE = 4;

/** Whether `head` begins a little-endian ELF file of type core. */
export function isElfCore(head: Buffer): boolean {
  return head.length >= 18 && head.readUInt32BE(0) === 0x7f454c46 && head[5] === 1 && head.readUInt16LE(16) === ET_CORE;
}

/** Enough bytes for the header of either class. */
export const ELF_HEADER = 64;

/** The tables of an ELF file of either class, as the System V ABI lays them out. */
export class ElfHeader {
  private constructor(
    private readonly container: Container,
    private readonly fields: Fields,
    private readonly layout: ElfLayout,
  ) {}

  /** @throws PoolTrackerError FORMAT_DAMAGED */
  static async read(container: Container): Promise<ElfHeader> {
    const ident = await container.fields(0, 16, 'the ELF identification');
    const layout = ident.u8(4) === 2 ? CLASS_64 : ident.u8(4) === 1 ? CLASS_32 : undefined;
    if (layout === undefined) {
      throw container.damaged(`its ELF class is ${ident.u8(4)}; expected 1 (32-bit) or 2 (64-bit)`);
    }
    return new ElfHeader(container, await container.fields(0, layout.header, 'the ELF header'), layout);
  }

  /** e_machine: 3 x86, 62 x64, 183 ARM64. */
  get machine(): number {
    return this.fields.u16(18);
  }

  /** e_shstrndx: index of the section with the section names. */
  get nameTable(): number {
    return this.fields.u16(this.layout.wide ? 62 : 50);
  }

  /** Bytes of the file up to the end of its program header table; null where its size is given at the file's end. */
  get headLength(): number | null {
    const { offset, count } = this.programHeaders;
    return count === PN_XNUM ? null : offset + this.layout.segment.size * count;
  }

  /** @throws PoolTrackerError FORMAT_DAMAGED */
  async segments(): Promise<ElfSegment[]> {
    const { segment, wide } = this.layout;
    const { offset, width, count: counted } = this.programHeaders;
    const count = counted === PN_XNUM ? ((await this.firstSections(1))[0]?.info ?? 0) : counted;
    const table = await this.table('program header', offset, width, segment.size, count);
    return table.map((entry) => ({
      type: entry.u32(0),
      offset: this.word(entry, segment.offset, 'p_offset'),
      virtualAddress: wide ? Number(entry.u64(segment.virtual)) : entry.u32(segment.virtual),
      physicalAddress: this.word(entry, segment.physical, 'p_paddr'),
      fileSize: this.word(entry, segment.fileSize, 'p_filesz'),
      memorySize: this.word(entry, segment.memorySize, 'p_memsz'),
    }));
  }

  /** @throws PoolTrackerError FORMAT_DAMAGED */
  sections(): Promise<ElfSection[]> {
    return this.firstSections(this.fields.u16(this.layout.wide ? 60 : 48));
  }

  private get programHeaders(): { offset: number; width: number; count: number } {
    const { fields } = this;
    return this.layout.wide
      ? { offset: fields.size(32, 'e_phoff'), width: fields.u16(54), count: fields.u16(56) }
      : { offset: fields.u32(28), width: fields.u16(42), count: fields.u16(44) };
  }

  private async firstSections(count: number): Promise<ElfSection[]> {
    const { section, wide } = this.layout;
    const offset = wide ? this.fields.size(40, 'e_shoff') : this.fields.u32(32);
    if (offset === 0) return [];
    const table = await this.table('section header', offset, this.fields.u16(wide ? 58 : 46), section.size, count);
    return table.map((entry) => ({
      name: entry.u32(0),
      offset: this.word(entry, section.offset, 'sh_offset'),
      size: this.word(entry, section.length, 'sh_size'),
      info: entry.u32(section.info),
    }));
  }

  private async table(name: string, offset: number, width: number, expected: number, count: number): Promise<Fields[]> {
    if (count === 0) return [];
    if (width !== expected || count > MAX_ENTRIES) {
      throw this.container.damaged(
        `its ${name} table has ${count} entries of ${width} bytes; expected at most ${MAX_ENTRIES} of ${expected} bytes`,
      );
    }
    const table = await this.container.fields(offset, count * width, `the ${name} table`);
    return Array.from({ length: count }, (_, index) => table.part(index * width, width));
  }

  private word(entry: Fields, offset: number, name: string): number {
    return this.layout.wide ? entry.size(offset, name) : entry.u32(offset);
  }
}
