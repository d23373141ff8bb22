/** The six counters of a tag; unsigned, as they lie in memory. */
export interface Counters {
  nonPagedAllocs: bigint;
  nonPagedFrees: bigint;
  nonPagedBytes: bigint;
  pagedAllocs: bigint;
  pagedFrees: bigint;
  pagedBytes: bigint;
}

export const COUNTER_NAMES = [
  'nonPagedAllocs',
  'nonPagedFrees',
  'nonPagedBytes',
  'pagedAllocs',
  'pagedFrees',
  'pagedBytes',
] as const satisfies readonly (keyof Counters)[];

export type EntrySize = 28 | 40 | 48 | 56 | 64 | 80;

/** Where a counter lies in an entry, and its width in bytes. */
type Place = readonly [offset: number, width: 4 | 8];

/** `_POOL_TRACKER_TABLE` by its size, in the order of COUNTER_NAMES. */
const LAYOUTS: Record<EntrySize, readonly [Place, Place, Place, Place, Place, Place]> = {
  28: [
    [4, 4],
    [8, 4],
    [12, 4],
    [16, 4],
    [20, 4],
    [24, 4],
  ],
  40: [
    [4, 4],
    [8, 4],
    [16, 8],
    [24, 4],
    [28, 4],
    [32, 8],
  ],
  48: [
    [8, 8],
    [16, 8],
    [4, 4],
    [32, 8],
    [40, 8],
    [24, 4],
  ],
  56: [
    [16, 8],
    [24, 8],
    [8, 8],
    [40, 8],
    [48, 8],
    [32, 8],
  ],
  64: [
    [8, 8],
    [16, 8],
    [4, 4],
    [32, 8],
    [40, 8],
    [24, 4],
  ],
  80: [
    [16, 8],
    [24, 8],
    [8, 8],
    [40, 8],
    [48, 8],
    [32, 8],
  ],
};

/** Bits of each counter, in the order of COUNTER_NAMES. */
export function counterBits(size: EntrySize): number[] {
  return LAYOUTS[size].map(([, width]) => width * 8);
}

/** Writes one entry at `offset`; counters are cut to their width, as the kernel's own additions are. */
export function writeEntry(target: Buffer, offset: number, size: EntrySize, key: number, counters: Counters): void {
  target.writeUInt32LE(key, offset);
  for (const [i, [at, width]] of LAYOUTS[size].entries()) {
    const value = counters[COUNTER_NAMES[i] ?? 'pagedBytes'];
    if (width === 4) target.writeUInt32LE(Number(BigInt.asUintN(32, value)), offset + at);
    else target.writeBigUInt64LE(BigInt.asUintN(64, value), offset + at);
  }
}

/** Reads one entry's counters at `offset`, unsigned at their width. */
export function readCounters(from: Buffer, offset: number, size: EntrySize): Counters {
  const read = counters(size);
  for (const [i, [at, width]] of LAYOUTS[size].entries()) {
    read[COUNTER_NAMES[i]!] = width === 4 ? BigInt(from.readUInt32LE(offset + at)) : from.readBigUInt64LE(offset + at);
  }
  return read;
}

/** Counters with what is given, cut to the layout's widths, and 0 for the rest. */
export function counters(size: EntrySize, given: Partial<Counters> = {}): Counters {
  const bits = counterBits(size);
  const out = {
    nonPagedAllocs: 0n,
    nonPagedFrees: 0n,
    nonPagedBytes: 0n,
    pagedAllocs: 0n,
    pagedFrees: 0n,
    pagedBytes: 0n,
  };
  for (const [i, name] of COUNTER_NAMES.entries()) out[name] = BigInt.asUintN(bits[i] ?? 64, given[name] ?? 0n);
  return out;
}

/** The sum at the layout's widths: additions wrap. */
export function addCounters(size: EntrySize, a: Counters, b: Counters): Counters {
  const sum = { ...a };
  for (const name of COUNTER_NAMES) sum[name] += b[name];
  return counters(size, sum);
}
