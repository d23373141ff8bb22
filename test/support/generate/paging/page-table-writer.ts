import { PAGE, type SparseMemory } from '../sparse-memory.js';
import {
  type PageKind,
  pointerSizeOf,
  spanOf,
  TABLE_FORMATS,
  type TableFormat,
  type TableKind,
} from './table-formats.js';

export type { PageKind, TableKind } from './table-formats.js';

const NO_EXECUTE = 1n << 63n;
/** x86: page tables lie at 0xC0000000, whether or not there is PAE. */
const X86_SELF_MAP = 0x300;

/**
 * Page tables of one kind, with the self reference that Windows keeps in them. Addresses are unsigned virtual ones, on
 * x86 below 2^32; what was mapped can be written to and read through it.
 */
export class PageTableWriter {
  /** Physical address of the root table: the CR3 (TTBR1) of the System process. */
  readonly root: number;
  /** Bytes of a pointer. */
  readonly pointerSize: 4 | 8;
  readonly format: TableFormat;
  private readonly mapped = new Map<bigint, number>();
  private readonly kinds = new Set<PageKind>();

  /** @param selfMapIndex slot of the root's self reference, where it is not fixed (x86) */
  constructor(
    private readonly memory: SparseMemory,
    readonly kind: TableKind,
    readonly selfMapIndex: number,
  ) {
    this.format = TABLE_FORMATS[kind];
    this.pointerSize = pointerSizeOf(kind);
    this.root = memory.allocateEarlyPage();
    if (kind === 'x86-pae') {
      const directories = [0, 1, 2, 3].map(() => memory.allocatePage());
      this.writeDirectories(this.root, directories);
    } else this.writeSelf(this.root);
  }

  /** The root of another process: the same kernel, and its own self reference. Its physical address. */
  processRoot(): number {
    const { memory } = this;
    const copyOf = (page: number): number => {
      const copy = memory.allocatePage();
      memory.write(copy, memory.read(page, PAGE));
      return copy;
    };
    if (this.kind !== 'x86-pae') {
      const root = copyOf(this.root);
      this.writeSelf(root);
      if (this.pointerSize === 8) this.writeEntry(root, this.format.table(memory.allocatePage()) | 4n);
      return root;
    }
    const directories = [0, 1, 2, 3].map((index) =>
      copyOf(Number(this.readEntry(this.root + index * 8) & this.format.frame)),
    );
    // Many such roots share a page.
    const root = memory.allocatePage() + 0x7e0;
    this.writeDirectories(root, directories);
    return root;
  }

  /** Maps one page of the given kind. A small page is written to (with zeros), a large one need not be. */
  map(address: bigint, physical: number, kind: PageKind = 'small'): void {
    this.mapIn(this.root, address, physical, kind);
    this.kinds.add(kind);
    this.mapped.set(address, physical);
  }

  /** Maps one page in the address space of another root alone; it cannot be written to by its virtual address. */
  mapIn(root: number, address: bigint, physical: number, kind: PageKind = 'small'): void {
    const { levels, entrySize, frame, leaf } = this.format;
    spanOf(this.format, kind);
    let table = root;
    for (let level = 0; ; level++) {
      const [shift, bits] = levels[level]!;
      const slot = table + Number((address >> BigInt(shift)) & ((1n << BigInt(bits)) - 1n)) * entrySize;
      if (level === leaf[kind]) {
        this.writeEntry(slot, this.format.page(physical, kind));
        break;
      }
      let entry = this.readEntry(slot);
      if (entry === 0n) {
        entry = this.format.table(this.memory.allocatePage());
        this.memory.page(Number(entry & frame) / PAGE);
        this.writeEntry(slot, entry);
      }
      table = Number(entry & frame);
    }
    if (kind === 'small' || kind === 'transition') this.memory.page(physical / PAGE);
  }

  /** Maps bytes at fresh scattered frames in the address space of another root; the physical address of each page. */
  mapFreshIn(root: number, address: bigint, bytes: Buffer): number[] {
    const frames: number[] = [];
    for (let done = 0; done < bytes.length; done += PAGE) {
      const physical = this.memory.allocatePage();
      this.mapIn(root, address + BigInt(done), physical);
      this.memory.write(physical, bytes.subarray(done, done + PAGE));
      frames.push(physical);
    }
    return frames;
  }

  /** Physical address of the entry of the last level that maps (or would map) an address; its tables must be there. */
  entryOf(address: bigint): number {
    const { levels, entrySize, frame } = this.format;
    let table = this.root;
    for (let level = 0; ; level++) {
      const [shift, bits] = levels[level]!;
      const slot = table + Number((address >> BigInt(shift)) & ((1n << BigInt(bits)) - 1n)) * entrySize;
      if (level === levels.length - 1) return slot;
      table = Number(this.readEntry(slot) & frame);
    }
  }

  /** Writes an entry of a page table. */
  writeEntry(slot: number, entry: bigint): void {
    if (this.format.entrySize === 8) this.memory.writeU64(slot, entry);
    else this.memory.writeU32(slot, Number(entry));
  }

  /** Maps `length` bytes at fresh scattered frames; the physical address of each page. */
  mapFresh(
    address: bigint,
    length: number,
    kindOf: (page: number) => PageKind = () => 'small',
    inARow?: number,
  ): number[] {
    const frames: number[] = [];
    for (let page = 0; page * PAGE < length; page++) {
      const physical = inARow === undefined ? this.memory.allocatePage() : inARow + page * PAGE;
      this.map(address + BigInt(page * PAGE), physical, kindOf(page));
      frames.push(physical);
    }
    return frames;
  }

  /** The physical address that a mapped virtual one stands for. */
  physical(address: bigint): number {
    for (const kind of this.kinds) {
      const span = spanOf(this.format, kind);
      const base = this.mapped.get(address & ~(span - 1n));
      if (base !== undefined) return base + Number(address & (span - 1n));
    }
    throw new RangeError(`0x${address.toString(16)} was never mapped`);
  }

  write(address: bigint, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;) {
      const at = Number((address + BigInt(done)) & 0xfffn);
      const count = Math.min(PAGE - at, bytes.length - done);
      this.memory.write(this.physical(address + BigInt(done)), bytes.subarray(done, done + count));
      done += count;
    }
  }

  writeU64(address: bigint, value: bigint): void {
    const word = Buffer.alloc(8);
    word.writeBigUInt64LE(BigInt.asUintN(64, value));
    this.write(address, word);
  }

  /** Writes a pointer, or another value of a pointer's size. */
  writePointer(address: bigint, value: bigint): void {
    const word = Buffer.alloc(8);
    word.writeBigUInt64LE(BigInt.asUintN(64, value));
    this.write(address, word.subarray(0, this.pointerSize));
  }

  read(address: bigint, length: number): Buffer {
    const parts: Buffer[] = [];
    for (let done = 0; done < length;) {
      const at = Number((address + BigInt(done)) & 0xfffn);
      const count = Math.min(PAGE - at, length - done);
      parts.push(this.memory.read(this.physical(address + BigInt(done)), count));
      done += count;
    }
    return Buffer.concat(parts);
  }

  private readEntry(slot: number): bigint {
    return this.format.entrySize === 8 ? this.memory.readU64(slot) : BigInt(this.memory.readU32(slot));
  }

  private writeSelf(root: number): void {
    const slot = this.kind === 'x86' ? X86_SELF_MAP : this.selfMapIndex;
    const entry = this.format.table(root) | (this.format.entrySize === 8 && this.kind !== 'arm64' ? NO_EXECUTE : 0n);
    this.writeEntry(root + slot * this.format.entrySize, entry);
  }

  /** PAE: a root of four directories, of which the last names all four. */
  private writeDirectories(root: number, directories: readonly number[]): void {
    for (const [index, directory] of directories.entries()) {
      this.memory.page(directory / PAGE);
      this.memory.writeU64(root + index * 8, BigInt(directory) | 1n);
      this.memory.writeU64(directories[3]! + index * 8, this.format.table(directory) | NO_EXECUTE);
    }
  }
}
