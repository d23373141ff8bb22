/** The six counters of an entry, in the order in which they are kept everywhere. */
export const COUNTERS = [
  'nonPagedAllocs',
  'nonPagedFrees',
  'nonPagedBytes',
  'pagedAllocs',
  'pagedFrees',
  'pagedBytes',
] as const;

export const COUNTER_COUNT = COUNTERS.length;

/** One layout of _POOL_TRACKER_TABLE. The key is a uint32 at offset 0 in all of them. */
export interface TrackerLayout {
  /** Bytes of an entry. */
  readonly size: number;
  /** Of the kernel that has it. */
  readonly pointerBits: 32 | 64;
  /** Width in bits at which allocs and frees wrap. */
  readonly countBits: 32 | 64;
  /** Width in bits at which byte counts wrap. */
  readonly byteBits: 32 | 64;
  /** Offsets in an entry of its counters, in the order of CounterValues. */
  readonly offsets: readonly [number, number, number, number, number, number];
}

function layout(
  size: number,
  pointerBits: 32 | 64,
  countBits: 32 | 64,
  byteBits: 32 | 64,
  offsets: TrackerLayout['offsets'],
): TrackerLayout {
  return { size, pointerBits, countBits, byteBits, offsets };
}

/** Every layout known from public symbol files: x64 first, newest first. */
export const TRACKER_LAYOUTS: readonly TrackerLayout[] = [
  layout(80, 64, 64, 64, [16, 24, 8, 40, 48, 32]), // x64 and ARM64, 10.0.20348 and later
  layout(56, 64, 64, 64, [16, 24, 8, 40, 48, 32]), // x64 and ARM64, 10.0.17763 to 19045
  layout(40, 64, 32, 64, [4, 8, 16, 24, 28, 32]), // x64, Vista to 10.0.16299; ReactOS amd64
  layout(64, 32, 64, 32, [8, 16, 4, 32, 40, 24]), // x86, 10.0.21292
  layout(48, 32, 64, 32, [8, 16, 4, 32, 40, 24]), // x86, 10.0.17763 to 19045
  layout(28, 32, 32, 32, [4, 8, 12, 16, 20, 24]), // x86 up to 10.0.16299; ReactOS x86
];

/** The layouts of kernels whose pointers have so many bytes. */
export function layoutsOf(pointerSize: 4 | 8): readonly TrackerLayout[] {
  return TRACKER_LAYOUTS.filter(({ pointerBits }) => pointerBits === pointerSize * 8);
}

/** The layout whose entries have this size; undefined when none is known. */
export function layoutOfSize(size: number): TrackerLayout | undefined {
  return TRACKER_LAYOUTS.find((candidate) => candidate.size === size);
}

/** The width in bits at which counter `index` (in the order of COUNTERS) wraps. */
export function counterBits(of: TrackerLayout, index: number): 32 | 64 {
  return index % 3 === 2 ? of.byteBits : of.countBits;
}
