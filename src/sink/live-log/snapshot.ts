/** The counts of one pool as a live tool shows them; null where it does not show one. */
export interface LiveCounts {
  readonly allocs: bigint | null;
  readonly frees: bigint | null;
  readonly outstanding: bigint | null;
  readonly bytes: bigint | null;
}

export const UNKNOWN_COUNTS: LiveCounts = { allocs: null, frees: null, outstanding: null, bytes: null };

/** One tag of a live tool. */
export interface LiveTag {
  /** As it is shown: up to four characters, spaces at its end left out. */
  readonly tag: string;
  readonly nonPaged: LiveCounts;
  readonly paged: LiveCounts;
  readonly driver: string | null;
  readonly description: string | null;
}

/** What a live tool showed at one moment. */
export interface Snapshot {
  readonly tags: readonly LiveTag[];
  /** Whether the sums agree with the totals that the tool shows; null where it shows none. */
  readonly isWhole: boolean | null;
  /** Milliseconds since 1970 UTC; null where the log does not tell. */
  readonly capturedAt: number | null;
  /** Null where the log does not tell. */
  readonly host: string | null;
}

/** Which tool wrote a log, and what it showed. */
export interface LiveLog {
  readonly tool: 'poolmon' | 'poolused' | 'csv';
  readonly snapshots: readonly Snapshot[];
  /** Numbers, from 1, of lines among the tags that are none. */
  readonly malformed: readonly number[];
}

/** A line of a log and its number, from 1. */
export type NumberedLine = readonly [text: string, number: number];

/**
 * A count as a tool prints it, or null for what no 64-bit counter holds: an allocation count has at most 20 digits.
 */
export function countOf(text: string | undefined): bigint | null {
  if (text === undefined || !/^-?\d{1,20}$/.test(text)) return null;
  const value = BigInt(text);
  // Counts above 2^63 are what an unsigned print makes of a negative one.
  const signed = BigInt.asIntN(64, value);
  return value >= -(1n << 63n) && value < 1n << 64n ? signed : null;
}

/** Sums of what is shown, null where something is not shown. */
export function sumOf(counts: readonly (bigint | null)[]): bigint | null {
  return counts.reduce((sum, count) => (sum === null || count === null ? null : sum + count), 0n as bigint | null);
}
