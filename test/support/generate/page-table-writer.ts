import { PAGE, type SparseMemory } from './sparse-memory.js';

const PRESENT_WRITABLE = 0x863n;
const LARGE = 0x80n;
const NO_EXECUTE = 1n << 63n;
/** Not present, transition (bit 11), not prototype (bit 10), protection read-write: the page is still there. */
const TRANSITION = 0x880n;

/** Size of what one entry maps, by the level it stands on: 4 KiB, 2 MiB, 1 GiB. */
const SPAN = { small: 1n << 12n, large: 1n << 21n, huge: 1n << 30n } as const;
export type PageKind = keyof typeof SPAN | 'transition';

/**
 * x64 page tables, four or five levels, with the self reference that Windows keeps in its root.
 * Addresses are unsigned 64-bit virtual ones; what was mapped can be written to and read through it.
 */
export class PageTableWriter {
  /** Physical address of the root table: the CR3 of the System process. */
  readonly root: number;
  private readonly mapped = new Map<bigint, number>();

  constructor(
    private readonly memory: SparseMemory,
    readonly levels: 4 | 5,
    readonly selfMapIndex: number,
  ) {
    this.root = memory.allocateEarlyPage();
    memory.writeU64(this.root + selfMapIndex * 8, BigInt(this.root) | PRESENT_WRITABLE | NO_EXECUTE);
  }

  /** Maps one page of the given kind. A small page is written to (with zeros), a large one need not be. */
  map(address: bigint, physical: number, kind: PageKind = 'small'): void {
    const leaf = kind === 'huge' ? 3 : kind === 'large' ? 2 : 1;
    let table = this.root;
    for (let level = this.levels as number; level > leaf; level--) {
      const slot = table + index(address, level) * 8;
      let entry = this.memory.readU64(slot);
      if (entry === 0n) {
        entry = BigInt(this.memory.allocatePage()) | PRESENT_WRITABLE;
        this.memory.page(Number(entry & 0xffffffffff000n) / PAGE);
        this.memory.writeU64(slot, entry);
      }
      table = Number(entry & 0xffffffffff000n);
    }
    const flags =
      kind === 'transition' ? TRANSITION : leaf > 1 ? PRESENT_WRITABLE | LARGE : PRESENT_WRITABLE | NO_EXECUTE;
    this.memory.writeU64(table + index(address, leaf) * 8, BigInt(physical) | flags);
    if (leaf === 1) this.memory.page(physical / PAGE);
    this.mapped.set(address, physical);
  }

  /** Maps `length` bytes at fresh scattered frames; the physical address of each page. */
  mapFresh(address: bigint, length: number, kindOf: (page: number) => PageKind = () => 'small'): number[] {
    const frames: number[] = [];
    for (let page = 0; page * PAGE < length; page++) {
      const physical = this.memory.allocatePage();
      this.map(address + BigInt(page * PAGE), physical, kindOf(page));
      frames.push(physical);
    }
    return frames;
  }

  /** The physical address that a mapped virtual one stands for. */
  physical(address: bigint): number {
    for (const span of Object.values(SPAN)) {
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
}

function index(address: bigint, level: number): number {
  return Number((address >> BigInt(12 + 9 * (level - 1))) & 0x1ffn);
}
