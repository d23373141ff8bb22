import { hashOfKey, hashOfKeyXp, type TagHash } from '../../table/hash-law.js';
import { layoutOfSize, type TrackerLayout } from '../../table/tracker-layout.js';

/** One variant of the hash law: entries of one size, placed by one hash. */
export interface LawChannel {
  readonly layout: TrackerLayout;
  readonly hash: TagHash;
  /** Whether the hash is that of Windows XP. */
  readonly xp: boolean;
  /** Period in bytes of the in-page offset of an undisplaced key, for any N from 512 on. */
  readonly period: number;
  /** The same for any N from 64 on. */
  readonly smallPeriod: number;
  /** The offset of every key is a multiple of this, in bytes. */
  readonly step: 4 | 8;
}

function channel(size: number, xp = false): LawChannel {
  const layout = layoutOfSize(size)!;
  return {
    layout,
    hash: xp ? hashOfKeyXp : hashOfKey,
    xp,
    period: commonDivisor(512 * size, 4096),
    smallPeriod: commonDivisor(64 * size, 4096),
    step: size === 28 ? 4 : 8,
  };
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}

/** All channels; the index is the bit in a page's signs. XP's hash was only used with 28-byte entries. */
export const LAW_CHANNELS: readonly LawChannel[] = [
  channel(40),
  channel(48),
  channel(56),
  channel(64),
  channel(80),
  channel(28),
  channel(28, true),
];

/**
 * The result of the first look, one 16-bit word per page:
 *
 *     bits 0..6    the channel (see law-channels.ts) whose law enough of its words obey for a closer look
 *     bit 7        its first word is the overflow slot's key, `Ovfl`
 *     bit 8        it may hold an RSDS record: a word `RSDS`
 *     bit 9        it may be KUSER_SHARED_DATA: NtSystemRoot begins like a path
 *     bit 10       it may hold NtBuildLab: at a multiple of 16, four digits
 *     bit 11       it may be of an expansion table, which is not hashed (see expansion-layouts.ts)
 *     bit 12       it has few nonzero words: a processor may have touched only one or two of its tags
 *     bit 15       it is not all zeros
 *
 * The first look must be fast and may only err in one direction: every page of a table has its sign, few others do.
 */
export const CHANNEL_SIGNS = (1 << LAW_CHANNELS.length) - 1;
export const OVERFLOW_SIGN = 1 << 7;
export const RSDS_SIGN = 1 << 8;
export const SHARED_DATA_SIGN = 1 << 9;
export const BUILD_LAB_SIGN = 1 << 10;
export const EXPANSION_SIGN = 1 << 11;
export const SPARSE_SIGN = 1 << 12;
export const NOT_ZERO_SIGN = 1 << 15;

/** Maximum number of nonzero words on a sparse page: three entries of the widest layout, and part of another. */
export const MAX_SPARSE_WORDS = 64;

/** `Ovfl`, the key of the overflow slot, which counts tags without a slot. */
export const OVERFLOW_KEY = 0x6c66764f;

/** Examines consecutive pages. */
export interface PageScanner {
  /** `wasm` or `js`: both give identical signs. */
  readonly kind: string;
  /**
   * Writes the signs of whole pages.
   * @param bytes whole pages, 4-byte aligned
   * @param signs as many words as there are pages
   */
  scan(bytes: Uint8Array, signs: Uint16Array): void;
}

/** How the first look recognises pages of the expansion table: it is not hashed, so by the shape of its entries. */
export interface ExpansionLayout {
  /** Bytes of an entry. */
  readonly size: number;
  /** The offset of a page's first entry is a multiple of this. */
  readonly step: 8 | 16 | 64;
  /** Offsets of words that are 0 in nearly every entry: padding, and the upper halves of counters. */
  readonly zeros: readonly [number, number, number];
}

/**
 * All processors share the table, so its counters are not negative. The 28-byte layout has neither padding nor wide
 * counters: it has no distinctive shape, and its expansion table is not found.
 */
export const EXPANSION_LAYOUTS: readonly ExpansionLayout[] = [
  { size: 80, step: 16, zeros: [4, 20, 28] },
  { size: 56, step: 8, zeros: [4, 20, 28] },
  { size: 40, step: 8, zeros: [12, 20, 36] },
  { size: 64, step: 64, zeros: [12, 20, 28] },
  { size: 48, step: 16, zeros: [12, 20, 28] },
];

/** Number of entries that the first look checks. */
const LOOKED_AT = 3;

/** Whether the first entries from a word on look like those of an expansion table. */
export function looksExpanded(words: Uint32Array, at: number, { size, zeros: [a, b, c] }: ExpansionLayout): boolean {
  for (let entry = 0; entry < LOOKED_AT; entry++) {
    const first = at + (entry * size) / 4;
    if (words[first] === 0 || words[first + a / 4] !== 0 || words[first + b / 4] !== 0 || words[first + c / 4] !== 0)
      return false;
  }
  return true;
}
