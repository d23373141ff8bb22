import type { PageKind, TableKind } from '../paging/page-table-writer.js';
import type { RamRange } from '../sparse-memory.js';
import { pcRanges } from '../sparse-memory.js';

/** Where a generated kernel of one kind of machine has its things, in virtual memory. */
export interface Machine {
  readonly arch: 'x64' | 'x86' | 'arm64';
  /** IMAGE_FILE_MACHINE. */
  readonly code: number;
  /** KUSER_SHARED_DATA. */
  readonly sharedData: bigint;
  /** Where kernel images are loaded: from here on, at one of so many pages, or of so many large ones. */
  readonly kernel: { readonly start: bigint; readonly pages: number; readonly spans: number };
  /** Room for the tables, for decoys (512 MiB), objects, the big page table, a table in large pages, and session space. */
  readonly pool: Readonly<Record<'tables' | 'decoys' | 'objects' | 'bigPages' | 'large' | 'session', bigint>>;
  /** Large pages of the kernel image, by what a plan calls them. */
  readonly large: Readonly<Record<'2MiB' | '1GiB', { readonly kind: PageKind; readonly span: number } | null>>;
  /** RAM of so many bytes. */
  ram(bytes: number): readonly RamRange[];
}

const GIB = 0x40000000;
const TWO_MIB = 0x200000;

function poolFrom(start: bigint): Machine['pool'] {
  return {
    tables: start,
    decoys: start + 0x40000000n,
    objects: start + 0x60000000n,
    bigPages: start + 0x70000000n,
    large: start + 0x80000000n,
    session: 0xffffa90000000000n,
  };
}

const X64: Machine = {
  arch: 'x64',
  code: 0x8664,
  sharedData: 0xfffff78000000000n,
  kernel: { start: 0xfffff80000000000n, pages: 0x3ff0000, spans: 0x1ffff },
  pool: poolFrom(0xffff888000000000n),
  large: { '2MiB': { kind: 'large', span: TWO_MIB }, '1GiB': { kind: 'huge', span: GIB } },
  ram: pcRanges,
};

const X86: Machine = {
  arch: 'x86',
  code: 0x14c,
  sharedData: 0xffdf0000n,
  kernel: { start: 0x80000000n, pages: 0x3000, spans: 0xf },
  pool: {
    tables: 0x88000000n,
    large: 0x8c000000n,
    decoys: 0x90000000n,
    bigPages: 0xb0000000n,
    session: 0xb8000000n,
    objects: 0xd0000000n,
  },
  large: { '2MiB': { kind: 'large', span: 2 * TWO_MIB }, '1GiB': null },
  ram: pcRanges,
};

/** By the kind of its page tables. */
export const MACHINES: Readonly<Record<TableKind, Machine>> = {
  x64: X64,
  'x64-la57': { ...X64, pool: poolFrom(0xff11200000000000n) },
  x86: X86,
  'x86-pae': { ...X86, large: { '2MiB': { kind: 'large', span: TWO_MIB }, '1GiB': null } },
  // RAM of QEMU's board.
  arm64: { ...X64, arch: 'arm64', code: 0xaa64, ram: (bytes) => [[GIB, GIB + bytes]] },
};
