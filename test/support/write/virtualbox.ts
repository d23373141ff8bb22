import { crc32 } from '../../../src/codec/crc32.js';
import { FileBuilder, padded, u16, u32, u64 } from '../encode/bytes.js';
import { encodeLzf } from '../encode/lzf.js';
import type { GeneratedMemory } from '../generate/memory-plan.js';
import { PAGE, type SparseMemory } from '../generate/sparse-memory.js';

const FINAL = 0xffffffff;
const TYPE = { end: 0x91, raw: 0x92, lzf: 0x93, zero: 0x94 };
const BEGIN = u32(0x19200102);
const END = u32(0x19920406);

export interface VirtualBoxOptions {
  /** Version of the unit `pgm`. */
  readonly version?: 11 | 12 | 13 | 14;
  /** Bytes of RAM below the hole; default: all of it. */
  readonly below?: number;
  /** Saved while it ran: each page of the first MiB is saved twice, the first time with other bytes. */
  readonly isLive?: boolean;
  /** Frames that the guest gave back. */
  readonly ballooned?: readonly number[];
  /** Bytes of data in a record, at most; 4096 as VirtualBox writes. */
  readonly recordBytes?: number;
}

/** The data of one unit in records: small values gathered, pages in records of their own, as SSM.cpp does. */
class Unit {
  private readonly pieces: Buffer[] = [];
  private small: Buffer[] = [];

  constructor(private readonly recordBytes: number) {}

  put(...bytes: readonly Buffer[]): void {
    this.small.push(...bytes);
  }

  text(value: string): void {
    this.put(u32(value.length), Buffer.from(value));
  }

  page(bytes: Buffer): void {
    if (this.recordBytes < PAGE) return this.put(bytes);
    this.flush();
    const packed = encodeLzf(bytes);
    if (bytes.every((byte) => byte === 0)) this.pieces.push(Buffer.of(TYPE.zero, 1, 4));
    else if (packed.length <= PAGE - PAGE / 16)
      this.pieces.push(Buffer.of(TYPE.lzf), longSize(packed.length + 1), Buffer.of(4), packed);
    else this.pieces.push(Buffer.of(TYPE.raw), longSize(PAGE), bytes);
  }

  records(): Buffer {
    this.flush();
    return Buffer.concat(this.pieces);
  }

  private flush(): void {
    const bytes = Buffer.concat(this.small);
    this.small = [];
    for (let at = 0; at < bytes.length; at += this.recordBytes) {
      const part = bytes.subarray(at, at + this.recordBytes);
      const size = part.length < 0x80 ? Buffer.of(part.length) : longSize(part.length);
      this.pieces.push(Buffer.of(TYPE.raw), size, part);
    }
  }
}

/** A size in three bytes, whatever it is. */
function longSize(size: number): Buffer {
  return Buffer.of(0xe0 | (size >> 12), 0x80 | ((size >> 6) & 0x3f), 0x80 | (size & 0x3f));
}

/** A CRC-32 in place, of bytes in which it counts as zeros. */
function sealed(bytes: Buffer, at: number): Buffer {
  bytes.writeUInt32LE(crc32(bytes), at);
  return bytes;
}

/** A saved state of VirtualBox: memory in the unit `pgm`, registers in `cpum`, and others around them. */
export function virtualBoxBuffer({ memory, truth }: GeneratedMemory, options: VirtualBoxOptions = {}): Buffer {
  const { version = 14, isLive = false, recordBytes = PAGE } = options;
  const end = memory.byteLength;
  const below = options.below ?? end;
  const size = end > 2 ** 32 ? below + end - 2 ** 32 : end;
  const file = new FileBuilder();
  const header = Buffer.concat([
    padded('\x7fVirtualBox SavedState V2.0\n', 32),
    u16(6),
    u16(1),
    u32(50),
    u32(161033),
    Buffer.of(64, 8, 8, 0),
    u32(40),
    u32(isLive ? 3 : 1),
    u32(PAGE),
    u32(0),
  ]);
  file.add(sealed(header, 60));
  let crc = crc32(header);
  const append = (bytes: Buffer): void => {
    file.add(bytes);
    crc = crc32(bytes, crc);
  };
  const add = (name: string, unitVersion: number, pass: number, unit: Unit): void => {
    const head = Buffer.concat([
      padded('\nUnit\n', 8),
      u64(file.length),
      u32(~crc),
      u32(0),
      u32(unitVersion),
      u32(1),
      u32(pass),
      u32(0),
      u32(name.length + 1),
      Buffer.from(`${name}\0`),
    ]);
    append(sealed(head, 20));
    const records = unit.records();
    append(records);
    append(Buffer.of(TYPE.end, 14));
    append(Buffer.concat([u16(1), u32(crc), u64(records.length + 16)]));
  };
  const unit = (fill: (unit: Unit) => void): Unit => {
    const made = new Unit(recordBytes);
    fill(made);
    return made;
  };
  const layout = (to: Unit): void => {
    to.put(u32(below < 2 ** 32 && end > 2 ** 32 ? 2 ** 32 - below : 0x20000000), u64(size));
    to.put(Buffer.of(1));
    to.text('');
    to.put(u32(0), Buffer.of(0));
    to.text('PC BIOS');
    to.put(u64(0xfffc0000), u64(0x40000), Buffer.of(0xff, 1));
    to.text('vga');
    to.put(u32(0), Buffer.of(0));
    to.text('VRam');
    to.put(u64(0x1000000), Buffer.of(0xff));
  };
  const devices = (to: Unit): void => {
    to.put(Buffer.of(0x84, 1), u32(0), Buffer.of(1));
    to.page(Buffer.alloc(PAGE, 0x55));
    to.put(Buffer.of(4, 1));
    to.page(Buffer.alloc(PAGE, 0x56));
    to.put(Buffer.of(0x86, 1), u32(0), Buffer.of(1), Buffer.of(7, 1));
    to.put(Buffer.of(0x82, 1), u32(0));
    to.page(Buffer.alloc(PAGE, 0x57));
    to.put(Buffer.of(3));
  };
  add(
    'SSM',
    1,
    FINAL,
    unit((to) => to.text('Build Type')),
  );
  if (isLive) {
    add(
      'pgm',
      version,
      0,
      unit((to) => {
        layout(to);
        devices(to);
        putPages(to, memory, 0, end, options, 0xaa);
        to.put(Buffer.of(0xff));
      }),
    );
    add(
      'pgm',
      version,
      1,
      unit((to) => to.put(Buffer.of(0xff))),
    );
  }
  add(
    'mm',
    2,
    FINAL,
    unit((to) => to.put(u64(1))),
  );
  add(
    'pgm',
    version,
    FINAL,
    unit((to) => {
      to.put(BEGIN, Buffer.alloc(1 + 8 + 4 + (version > 11 ? 4 : 0)), END);
      for (let cpu = 0; cpu < 2; cpu++) to.put(BEGIN, Buffer.alloc(1 + 8 + 4 + (version > 13 ? 32 : 0)), END);
      if (version < 14) {
        to.put(u32(0));
        to.text('a mapping');
        to.put(u64(0), u64(0), u32(0xffffffff));
      }
      if (!isLive) {
        layout(to);
        devices(to);
      }
      putPages(to, memory, 0, isLive ? 0x100000 : end, options);
      to.put(Buffer.of(0xff));
    }),
  );
  add(
    'cpum',
    18,
    FINAL,
    unit((to) => {
      to.put(u32(2), u32(0x80));
      for (const root of [truth.dtb, truth.dtb]) {
        for (const cr3 of [0, root]) {
          const registers = Buffer.alloc(524);
          registers.writeBigUInt64LE(BigInt(cr3), 292);
          to.put(BEGIN, registers, END);
        }
        to.put(BEGIN, Buffer.alloc(416), END, Buffer.alloc(0x100));
      }
    }),
  );
  add(
    'vga',
    20,
    FINAL,
    unit((to) => to.page(Buffer.alloc(PAGE, 1))),
  );
  append(
    sealed(
      Buffer.concat([
        padded('\nTheEnd', 8),
        u64(file.length),
        u32(~crc),
        Buffer.alloc(12),
        u32(FINAL),
        Buffer.alloc(8),
      ]),
      20,
    ),
  );
  append(sealed(Buffer.concat([padded('\nFooter', 8), u64(file.length), u32(crc), u32(0), u32(0), u32(0)]), 28));
  return file.result();
}

/** Pages of RAM, of which those one behind another need no address. With `first`, those below 1 MiB hold that byte. */
function putPages(
  to: Unit,
  memory: SparseMemory,
  from: number,
  until: number,
  { ballooned = [] }: VirtualBoxOptions,
  first?: number,
): void {
  let previous = -1;
  for (const [start, end] of memory.ranges) {
    for (let address = Math.max(start, from); address < Math.min(end, until); address += PAGE) {
      const page = first !== undefined && address < 0x100000 ? Buffer.alloc(PAGE, first) : memory.read(address, PAGE);
      const isZero = page.every((byte) => byte === 0);
      const type = ballooned.includes(address / PAGE) ? 8 : isZero ? 0 : 1;
      if (address === previous + PAGE) to.put(Buffer.of(type));
      else to.put(Buffer.of(type | 0x80), u64(address));
      if (type === 1) to.page(page);
      previous = address;
    }
  }
}
