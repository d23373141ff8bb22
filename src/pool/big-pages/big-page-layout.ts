/** Offsets in POOL_TRACKER_BIG_PAGES, and its size, in bytes. */
export interface BigPageOffsets {
  readonly size: number;
  readonly Va: number;
  readonly Key: number;
  readonly PoolType: number;
  readonly NumberOfBytes: number;
}

export interface BigPageLayout extends BigPageOffsets {
  readonly pointerSize: 4 | 8;
}

/** A bit field in the 32-bit word that holds the pool type. */
export interface BitField {
  readonly bit: number;
  readonly bits: number;
}

/** Since Windows 10 the pool type shares its word with a pattern below and slack above it; before, it has the word. */
const PACKED: BitField = { bit: 8, bits: 12 };
const PLAIN: BitField = { bit: 0, bits: 32 };
const FIRST_PACKED = 10;

/** The pool type in a word. */
export function poolTypeIn(word: number, { bit, bits }: BitField): number {
  return Math.floor(word / 2 ** bit) % 2 ** bits;
}

/** No pool type has other bits; bit 1 has had no meaning since Windows 2000. */
const POOL_TYPE_BITS = 0xffd;

/**
 * How the pool type is packed in these words: as the version of Windows does, unless that makes types of them that no
 * pool has, and the other way does not.
 */
export function packingOf(words: readonly number[], majorVersion: number): BitField {
  const [own, other] = majorVersion >= FIRST_PACKED ? [PACKED, PLAIN] : [PLAIN, PACKED];
  const fits = (field: BitField): boolean =>
    words.every((word) => {
      const type = poolTypeIn(word, field);
      return type <= POOL_TYPE_BITS && (type & ~POOL_TYPE_BITS) === 0;
    });
  return !fits(own) && fits(other) ? other : own;
}

/** Maximum number of entries; the table of a machine with a terabyte has half as many. */
export const MAX_BIG_ENTRIES = 1 << 22;

/** Every layout from Windows Vista to 11; since 20348 an entry also names the process that is billed. */
export const BIG_PAGE_LAYOUTS: readonly BigPageLayout[] = [
  { pointerSize: 8, size: 32, Va: 0, Key: 8, PoolType: 12, NumberOfBytes: 16 },
  { pointerSize: 8, size: 24, Va: 0, Key: 8, PoolType: 12, NumberOfBytes: 16 },
  { pointerSize: 4, size: 16, Va: 0, Key: 4, PoolType: 8, NumberOfBytes: 12 },
];
