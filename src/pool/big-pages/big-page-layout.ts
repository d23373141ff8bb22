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

/** Maximum number of entries; the table of a machine with a terabyte has half as many. */
export const MAX_BIG_ENTRIES = 1 << 22;

/** Every layout from Windows Vista to 11; since 20348 an entry also names the process that is billed. */
export const BIG_PAGE_LAYOUTS: readonly BigPageLayout[] = [
  { pointerSize: 8, size: 32, Va: 0, Key: 8, PoolType: 12, NumberOfBytes: 16 },
  { pointerSize: 8, size: 24, Va: 0, Key: 8, PoolType: 12, NumberOfBytes: 16 },
  { pointerSize: 4, size: 16, Va: 0, Key: 4, PoolType: 8, NumberOfBytes: 12 },
];
