/** Kinds of page tables: x64 with four levels and with five, x86 without PAE and with it, ARM64. */
export const TABLE_KINDS = ['x64', 'x64-la57', 'x86', 'x86-pae', 'arm64'] as const;
export type TableKind = (typeof TABLE_KINDS)[number];

/** What an entry maps: a page of 4 KiB, a large one of 2 or 4 MiB, one of 1 GiB, or a page in transition. */
export type PageKind = 'small' | 'large' | 'huge' | 'transition';

/** How the entries of one kind of page tables are written; addresses are physical. */
export interface TableFormat {
  /** Bits of an address that the levels choose an entry by, from the root down: the lowest one, and how many. */
  readonly levels: readonly (readonly [shift: number, bits: number])[];
  readonly entrySize: 4 | 8;
  /** The level, from the root down, whose entries map large pages, and huge ones. */
  readonly leaf: Readonly<Record<Exclude<PageKind, 'huge'>, number>> & { readonly huge?: number };
  /** Bits of an entry that are an address. */
  readonly frame: bigint;
  table(address: number): bigint;
  page(address: number, kind: PageKind): bigint;
}

/** Not present, transition (bit 11), not prototype (bit 10), protection read-write: the page is still there. */
const TRANSITION = 0x880n;
const PRESENT_WRITABLE = 0x863n;
const LARGE = 0x80n;
const NO_EXECUTE = 1n << 63n;

function ofX64(levels: TableFormat['levels']): TableFormat {
  const last = levels.length - 1;
  return {
    levels,
    entrySize: 8,
    leaf: { small: last, transition: last, large: last - 1, huge: last - 2 },
    frame: 0x000ffffffffff000n,
    table: (address) => BigInt(address) | PRESENT_WRITABLE,
    page: (address, kind) => {
      if (kind === 'transition') return BigInt(address) | TRANSITION;
      return BigInt(address) | PRESENT_WRITABLE | (kind === 'small' ? NO_EXECUTE : LARGE);
    },
  };
}

const FOUR: TableFormat['levels'] = [
  [39, 9],
  [30, 9],
  [21, 9],
  [12, 9],
];

export const TABLE_FORMATS: Readonly<Record<TableKind, TableFormat>> = {
  x64: ofX64(FOUR),
  'x64-la57': ofX64([[48, 9], ...FOUR]),
  x86: {
    levels: [
      [22, 10],
      [12, 10],
    ],
    entrySize: 4,
    leaf: { small: 1, transition: 1, large: 0 },
    frame: 0xfffff000n,
    table: (address) => BigInt(address) | PRESENT_WRITABLE,
    page: (address, kind) => {
      if (kind === 'transition') return BigInt(address) | TRANSITION;
      if (kind === 'small') return BigInt(address) | PRESENT_WRITABLE;
      // PSE-36: bits 32 to 39 of the address lie in bits 13 to 20.
      return (BigInt(address) & 0xffc00000n) | (((BigInt(address) >> 32n) & 0xffn) << 13n) | 0x9e3n;
    },
  },
  'x86-pae': {
    ...ofX64([
      [30, 2],
      [21, 9],
      [12, 9],
    ]),
    leaf: { small: 2, transition: 2, large: 1 },
  },
  arm64: {
    levels: FOUR,
    entrySize: 8,
    leaf: { small: 3, transition: 3, large: 2, huge: 1 },
    frame: 0x0003fffffffff000n,
    table: (address) => BigInt(address) | 0x0060000000000703n,
    page: (address, kind) => {
      if (kind === 'transition') return BigInt(address) | TRANSITION;
      return BigInt(address) | 0x00e0000000000700n | (kind === 'small' ? 3n : 1n);
    },
  },
};

/** Bytes that a page of a kind covers. */
export function spanOf(format: TableFormat, kind: PageKind): bigint {
  const level = format.leaf[kind];
  if (level === undefined) throw new RangeError(`these page tables have no ${kind} pages`);
  return 1n << BigInt(format.levels[level]![0]);
}

/** Bytes of a pointer. */
export function pointerSizeOf(kind: TableKind): 4 | 8 {
  return kind === 'x86' || kind === 'x86-pae' ? 4 : 8;
}
