import type { Random } from './random.js';

export const PAGE = 0x1000;

const ZEROS = Buffer.alloc(PAGE);

/** A stretch of RAM as [start, end) in bytes, both multiples of the page size. */
export type RamRange = readonly [start: number, end: number];

/** RAM of a PC: a gap below 1 MiB, and a PCI hole from 3 GiB to 4 GiB when there is more than that. */
export function pcRanges(byteLength: number): RamRange[] {
  const hole = 0xc0000000;
  if (byteLength <= hole)
    return [
      [0, 0xa0000],
      [0x100000, byteLength],
    ];
  return [
    [0, 0xa0000],
    [0x100000, hole],
    [0x100000000, 0x100000000 + byteLength - hole],
  ];
}

/**
 * Physical memory of any size that holds only the pages written to; a page never written reads as zeros.
 * Also hands out page frames, scattered as a running system's are.
 */
export class SparseMemory {
  /** The pages written, by page frame number. */
  readonly pages = new Map<number, Buffer>();
  /** Frames that an acquisition lost: no container shall hold them (a raw one, which cannot leave out, holds zeros). */
  readonly lost = new Set<number>();
  private readonly taken = new Set<number>();

  constructor(
    readonly ranges: readonly RamRange[],
    private readonly random: Random,
  ) {}

  /** The first address behind the last range: the size of a raw image. */
  get byteLength(): number {
    return this.ranges.at(-1)?.[1] ?? 0;
  }

  /** The page at a frame number, made when new. */
  page(frame: number): Buffer {
    let page = this.pages.get(frame);
    if (page === undefined) this.pages.set(frame, (page = Buffer.alloc(PAGE)));
    return page;
  }

  write(address: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;) {
      const at = (address + done) % PAGE;
      const count = Math.min(PAGE - at, bytes.length - done);
      this.page(Math.floor((address + done) / PAGE)).set(bytes.subarray(done, done + count), at);
      done += count;
    }
  }

  read(address: number, length: number): Buffer {
    const out = Buffer.alloc(length);
    for (let done = 0; done < length;) {
      const at = (address + done) % PAGE;
      const count = Math.min(PAGE - at, length - done);
      this.pages.get(Math.floor((address + done) / PAGE))?.copy(out, done, at, at + count);
      done += count;
    }
    return out;
  }

  /** Whether it holds these bytes there. Copies nothing: images are compared whole. */
  holds(address: number, bytes: Buffer): boolean {
    for (let done = 0; done < bytes.length;) {
      const at = (address + done) % PAGE;
      const count = Math.min(PAGE - at, bytes.length - done);
      const page = this.pages.get(Math.floor((address + done) / PAGE)) ?? ZEROS;
      if (page.compare(bytes, done, done + count, at, at + count) !== 0) return false;
      done += count;
    }
    return true;
  }

  readU64(address: number): bigint {
    return this.read(address, 8).readBigUInt64LE();
  }

  readU32(address: number): number {
    return this.read(address, 4).readUInt32LE();
  }

  writeU32(address: number, value: number): void {
    const word = Buffer.alloc(4);
    word.writeUInt32LE(value);
    this.write(address, word);
  }

  writeU64(address: number, value: bigint): void {
    const word = Buffer.alloc(8);
    word.writeBigUInt64LE(BigInt.asUintN(64, value));
    this.write(address, word);
  }

  /** Takes one free frame, anywhere above 1 MiB; its address. */
  allocatePage(): number {
    return this.allocateRun(1);
  }

  /** Takes a free page in the first megabytes, where a boot makes what it makes first. */
  allocateEarlyPage(): number {
    for (let attempt = 0; attempt < 1000; attempt++) {
      const frame = this.ranges[0]![0] / PAGE + 0x100 + this.random.below(0x200);
      if (this.ranges.some(([start, end]) => frame * PAGE >= start && frame * PAGE < end) && this.claim(frame, 1))
        return frame * PAGE;
    }
    return this.allocatePage();
  }

  /** Takes `count` free frames in a row whose first is a multiple of `align` frames; the address of the first. */
  allocateRun(count: number, align = 1): number {
    const ranges = this.ranges.filter(([start]) => start >= 0x100000);
    for (let attempt = 0; attempt < 20_000; attempt++) {
      const [start, end] = this.random.pick(ranges);
      const first = Math.ceil(start / PAGE / align);
      const last = Math.floor((end / PAGE - count) / align);
      if (last < first) continue;
      const frame = (first + this.random.below(last - first + 1)) * align;
      if (this.claim(frame, count)) return frame * PAGE;
    }
    throw new RangeError(
      `no ${count} free frames in ${this.byteLength} bytes of generated memory; plan more memoryBytes`,
    );
  }

  /** Takes one free page below 1 MiB, where the start-up stub lies. */
  allocateLowPage(): number {
    for (;;) {
      const frame = 1 + this.random.below(0x1f);
      if (this.claim(frame, 1)) return frame * PAGE;
    }
  }

  /** The RAM ranges without the frames that were lost. */
  *presentRanges(): Generator<RamRange> {
    const lost = [...this.lost].sort((a, b) => a - b);
    for (const [start, end] of this.ranges) {
      let from = start;
      for (const address of lost.map((frame) => frame * PAGE)) {
        if (address < from || address >= end) continue;
        if (address > from) yield [from, address];
        from = address + PAGE;
      }
      if (from < end) yield [from, end];
    }
  }

  /** Frames written and not lost, ascending: what a dump of the kernel's pages holds. */
  writtenFrames(): number[] {
    return [...this.pages.keys()].filter((frame) => !this.lost.has(frame)).sort((a, b) => a - b);
  }

  private claim(frame: number, count: number): boolean {
    for (let i = 0; i < count; i++) if (this.taken.has(frame + i)) return false;
    for (let i = 0; i < count; i++) this.taken.add(frame + i);
    return true;
  }
}
