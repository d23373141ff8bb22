import { hex, PAGE_SIZE } from '../../address.js';
import type { Container } from '../../source/reading/container.js';
import { type ByteReader, readerOf } from '../../source/reading/byte-reader.js';

const SECTION = { start: 1, part: 2, end: 3, footer: 0x7e };

/** Flags in the low bits of a RAM record's address (QEMU's migration/ram.c). */
const FLAG = { fill: 0x02, sizes: 0x04, page: 0x08, end: 0x10, sameBlock: 0x20 };
const FLAGS_READ = FLAG.fill | FLAG.sizes | FLAG.page | FLAG.end | FLAG.sameBlock;

const MACHINE_MEMORY = 'pc.ram';

/** A page that the state does not hold. A page filled with the byte b is ABSENT - 1 - b. */
export const ABSENT = 0;

/** Each page takes at least 9 bytes of the state, and 8 of the index. */
const MIN_PER_PAGE = 8;
const PAGES_IN_HAND = 2 ** 22;

/** The big-endian fields of a saved state, which can only be read sequentially. */
export class StateReader {
  private readonly input: ByteReader;

  constructor(private readonly container: Container) {
    this.input = readerOf(container.source, container.source.name, container.title);
  }

  /** File offset of the next byte. */
  get offset(): number {
    return this.input.offset;
  }

  /** @throws PoolTrackerError FORMAT_DAMAGED where the file ends */
  take(count: number): Promise<Buffer> {
    this.requireLeft(count);
    return this.input.take(count, 'a record');
  }

  /** Takes the next byte if it is `mark`. @throws PoolTrackerError FORMAT_DAMAGED where the file ends */
  async takes(mark: number): Promise<boolean> {
    this.requireLeft(1);
    const isMark = (await this.input.peek(1))[0] === mark;
    if (isMark) await this.input.skip(1);
    return isMark;
  }

  async u8(): Promise<number> {
    return (await this.take(1)).readUInt8();
  }

  async u32(): Promise<number> {
    return (await this.take(4)).readUInt32BE();
  }

  async u64(): Promise<bigint> {
    return (await this.take(8)).readBigUInt64BE();
  }

  /** A string preceded by its length in one byte. */
  async text(): Promise<string> {
    return (await this.take(await this.u8())).toString('latin1');
  }

  /** @returns whether the file has that many more bytes */
  async skip(count: number): Promise<boolean> {
    return (await this.input.skip(count)) === count;
  }

  private requireLeft(count: number): void {
    const { byteLength } = this.container.source;
    if (this.offset + count > byteLength)
      throw this.container.damaged(`it ends at ${hex(byteLength)}, in the middle of a record`);
  }
}

export interface RamPages {
  readonly byteLength: number;
  /** By page: its file offset, ABSENT, or its fill value. The last record of a page is valid. */
  readonly offsets: Float64Array;
}

/**
 * Locates each page of `pc.ram`: in the sections named `ram`, which come before those of the devices.
 * @throws PoolTrackerError FORMAT_DAMAGED, FORMAT_REFUSED
 */
export async function readRam(reader: StateReader, container: Container): Promise<RamPages> {
  const records = new RamRecords(reader, container);
  for (;;) {
    const at = reader.offset;
    const type = await reader.u8();
    if (type < SECTION.start || type > SECTION.end)
      throw container.damaged(`no section of memory at file offset ${hex(at)}`);
    await reader.u32();
    if (type === SECTION.start) {
      const name = await reader.text();
      if (name !== 'ram')
        throw container.refused(`the section '${name}' comes before memory`, 'save the state without block migration');
      await reader.skip(8);
    }
    const whole = await records.readSection();
    if (!whole || type === SECTION.end) return records.pages();
    if (await reader.takes(SECTION.footer)) await reader.u32();
  }
}

class RamRecords {
  private ram: RamPages | undefined;
  private block = '';

  constructor(
    private readonly reader: StateReader,
    private readonly container: Container,
  ) {}

  pages(): RamPages {
    if (this.ram === undefined)
      throw this.container.refused(`it has no block ${MACHINE_MEMORY}`, 'only PC machines can be read');
    return this.ram;
  }

  /** @returns false when the file ends first; earlier pages remain valid */
  async readSection(): Promise<boolean> {
    const { reader, container } = this;
    for (;;) {
      if (this.ram !== undefined && reader.offset + 8 > container.source.byteLength) return false;
      const at = reader.offset;
      const word = await reader.u64();
      const flags = Number(word & 0xfffn);
      const address = Number(word - BigInt(flags));
      if (flags & ~FLAGS_READ) {
        const hint = 'save the state without compression, XBZRLE and multifd';
        throw container.refused(
          `the record at file offset ${hex(at)} has flags ${hex(flags)}, which cannot be read`,
          hint,
        );
      }
      if (flags & FLAG.end) return true;
      if (flags & FLAG.sizes) await this.readSizes(address);
      else if (!(await this.readPage(address, flags))) return false;
    }
  }

  /** The blocks and their sizes, which add up to `total`. */
  private async readSizes(total: number): Promise<void> {
    for (let left = total; left > 0;) {
      const name = await this.reader.text();
      const size = Number(await this.reader.u64());
      if (size === 0 || size > left || size % PAGE_SIZE !== 0) {
        throw this.container.damaged(`its block '${name}' has ${size} bytes, of ${left} that are left for all`);
      }
      left -= size;
      if (name !== MACHINE_MEMORY) continue;
      const pages = size / PAGE_SIZE;
      if (pages > Math.max(PAGES_IN_HAND, this.container.source.byteLength / MIN_PER_PAGE)) {
        throw this.container.damaged(
          `its memory is said to be ${size} bytes, which a file of ${this.container.source.byteLength} cannot hold`,
        );
      }
      this.ram = { byteLength: size, offsets: new Float64Array(pages) };
    }
  }

  /** @returns false when the file ends within the page */
  private async readPage(address: number, flags: number): Promise<boolean> {
    const { reader } = this;
    if (!(flags & FLAG.sameBlock)) this.block = await reader.text();
    let where = reader.offset;
    if (flags & FLAG.fill) where = ABSENT - 1 - (await reader.u8());
    else if (!(flags & FLAG.page))
      throw this.container.damaged(`the record before file offset ${hex(where)} holds neither a page nor a fill byte`);
    else if (!(await reader.skip(PAGE_SIZE))) return false;
    if (this.block !== MACHINE_MEMORY) return true;
    const page = address / PAGE_SIZE;
    const ram = this.pages();
    if (page >= ram.offsets.length)
      throw this.container.damaged(
        `a page at ${hex(address)} is behind the end of its block at ${hex(ram.byteLength)}`,
      );
    ram.offsets[page] = where;
    return true;
  }
}
