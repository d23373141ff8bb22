import { hex, PAGE_SIZE } from '../../address.js';
import type { ByteReader } from '../../source/reading/byte-reader.js';
import { GuestPages } from './guest-pages.js';
import type { UnitData } from './unit-data.js';
import { FINAL_PASS, type StateHeader, type UnitHeader } from './units.js';

/** Versions of the unit `pgm`: 11 of VirtualBox 3.1, 12 and 13 of 3.2, 14 of 4.0 and later (PGMSavedState.cpp). */
const VERSION = { first: 11, balloon: 12, withoutMappings: 14, last: 14 };

const STRUCTURE_BEGINS = 0x1920_0102;
const STRUCTURE_ENDS = 0x1992_0406;
const NO_MORE_MAPPINGS = 0xffff_ffff;
const NO_MORE_RANGES = 0xff;

/** More than any machine has processors, ROMs or devices. */
const MAX_STRUCTURES = 4096;
/** Names and descriptions of devices. */
const MAX_TEXT = 4096;

/** Types of page records; the flag says that the address is in front. */
const RECORD = { zero: 0, raw: 1, mmioRaw: 2, mmioZero: 3, romRaw: 4, shadowRaw: 5, shadowZero: 6, protection: 7 };
const BALLOONED = 8;
const END = 0xff;
const WITH_ADDRESS = 0x80;

/** The data of a unit ended, or the file did, before the structure that is read. */
class TooShort extends Error {}

/** The unit `pgm`: the guest's memory. A machine saved while it runs has several, one a pass. */
export class MemoryUnits {
  pages: GuestPages | null = null;
  /** Whether the last pass was read to its end. */
  isWhole = false;
  /** Whether the machine ran on in earlier passes. */
  isLive = false;

  constructor(
    private readonly header: StateHeader,
    private readonly byteLength: number,
    private readonly input: ByteReader,
  ) {}

  /** Whether any page was read. */
  get hasPages(): boolean {
    return this.pages?.isEmpty === false;
  }

  /**
   * Takes the pages of one unit. Ends early where the data do.
   * @throws PoolTrackerError FORMAT_DAMAGED, FORMAT_REFUSED for versions that are not read
   */
  async read(unit: UnitHeader, data: UnitData): Promise<void> {
    if (unit.version < VERSION.first || unit.version > VERSION.last)
      throw this.input.refused(
        `its memory is saved in version ${unit.version}; ${VERSION.first} to ${VERSION.last} are read`,
        'dump the memory: VBoxManage debugvm NAME dumpvmcore',
      );
    try {
      const isFinal = unit.pass === FINAL_PASS;
      if (isFinal) await this.skipState(unit.version, data);
      else this.isLive = true;
      if (this.pages === null) await this.readLayout(data);
      if (await this.readPages(data)) this.isWhole = isFinal;
    } catch (error) {
      if (!(error instanceof TooShort)) throw error;
    }
  }

  /** The paging state of the machine and of each processor, then mappings that older versions kept. */
  private async skipState(version: number, data: UnitData): Promise<void> {
    const { physicalWidth, virtualWidth } = this.header;
    const ofMachine = 1 + virtualWidth + 4 + (version >= VERSION.balloon ? 4 : 0);
    const ofProcessor = 1 + physicalWidth + 4 + (version >= VERSION.withoutMappings ? 4 * physicalWidth : 0);
    for (let count = 0; await this.nextIs(data, STRUCTURE_BEGINS); count++) {
      if (count > MAX_STRUCTURES) throw this.input.damaged(`its unit 'pgm' has more than ${MAX_STRUCTURES} structures`);
      await take(data, 4 + (count === 0 ? ofMachine : ofProcessor));
      const end = (await take(data, 4)).readUInt32LE();
      if (end !== STRUCTURE_ENDS)
        throw this.input.damaged(
          `structure ${count} of its unit 'pgm' ends in ${hex(end)}; expected ${hex(STRUCTURE_ENDS)}`,
        );
    }
    if (version >= VERSION.withoutMappings) return;
    for (let count = 0; (await take(data, 4)).readUInt32LE() !== NO_MORE_MAPPINGS; count++) {
      if (count === MAX_STRUCTURES) throw this.input.damaged(`its unit 'pgm' has more than ${MAX_STRUCTURES} mappings`);
      await this.skipText(data);
      await take(data, 2 * virtualWidth);
    }
  }

  /** The size of RAM, then the ranges of ROMs and of devices' memory, which are of no use here. */
  private async readLayout(data: UnitData): Promise<void> {
    const { physicalWidth } = this.header;
    const layout = await take(data, 12);
    const size = Number(layout.readBigUInt64LE(4));
    this.pages = new GuestPages(size, layout.readUInt32LE(0), this.byteLength, this.input);
    for (const widths of [2 * physicalWidth, physicalWidth]) {
      for (let count = 0; (await take(data, 1))[0] !== NO_MORE_RANGES; count++) {
        if (count === MAX_STRUCTURES) throw this.input.damaged(`its unit 'pgm' has more than ${MAX_STRUCTURES} ranges`);
        await this.skipText(data);
        await take(data, 5);
        await this.skipText(data);
        await take(data, widths);
      }
    }
  }

  /** @returns whether their end was read */
  private async readPages(data: UnitData): Promise<boolean> {
    const pages = this.pages!;
    let address = -1;
    for (;;) {
      const at = this.input.offset;
      const first = (await take(data, 1))[0]!;
      if (first === END) return true;
      const type = first & ~WITH_ADDRESS;
      const isMemory = type <= RECORD.raw || type === BALLOONED;
      if (type > BALLOONED) throw this.input.damaged(`a page before file offset ${hex(at)} is of type ${type}`);
      if (!isMemory) {
        await this.skipDevicePage(data, type, first !== type);
        address = -1;
        continue;
      }
      if (first !== type) address = await this.address(data);
      else if (address < 0) throw this.input.damaged(`the first page before file offset ${hex(at)} has no address`);
      else address += PAGE_SIZE;
      if (type !== RECORD.raw) {
        pages.put(address, type === RECORD.zero ? 'zero' : 'ballooned');
        continue;
      }
      const place = await data.pass(PAGE_SIZE);
      if (place === null) throw new TooShort();
      pages.put(address, place);
    }
  }

  private async address(data: UnitData): Promise<number> {
    const { physicalWidth } = this.header;
    const bytes = await take(data, physicalWidth);
    const address = physicalWidth === 4 ? bytes.readUInt32LE() : Number(bytes.readBigUInt64LE());
    if (address % PAGE_SIZE !== 0 || address >= 2 ** 52)
      throw this.input.damaged(`a page before file offset ${hex(this.input.offset)} is at ${hex(address)}`);
    return address;
  }

  /** A page of a ROM or of a device: its range and number, its protection, its bytes. */
  private async skipDevicePage(data: UnitData, type: number, hasNumber: boolean): Promise<void> {
    const isRom = type >= RECORD.romRaw;
    const prefix = (hasNumber ? 5 : 0) + (isRom ? 1 : 0);
    if (prefix > 0) await take(data, prefix);
    const isStored = type === RECORD.mmioRaw || type === RECORD.romRaw || type === RECORD.shadowRaw;
    if (isStored && (await data.pass(PAGE_SIZE)) === null) throw new TooShort();
  }

  private async skipText(data: UnitData): Promise<void> {
    const length = (await take(data, 4)).readUInt32LE();
    if (length > MAX_TEXT)
      throw this.input.damaged(`a name in its unit 'pgm' has ${length} bytes; at most ${MAX_TEXT}`);
    await take(data, length);
  }

  private async nextIs(data: UnitData, word: number): Promise<boolean> {
    const bytes = await data.peek(4);
    return bytes !== null && bytes.readUInt32LE() === word;
  }
}

async function take(data: UnitData, count: number): Promise<Buffer> {
  const bytes = await data.take(count);
  if (bytes === null) throw new TooShort();
  return bytes;
}
