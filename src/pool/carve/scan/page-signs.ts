import { LAW_CHANNELS } from '../law-channels.js';

/**
 * What a first look at a page says, one 16-bit word for each page:
 *
 *     bits 0..6    the channel (see law-channels.ts) whose law enough of its words obey to look closer
 *     bit 7        its first word is the overflow slot's key, `Ovfl`
 *     bit 8        it may hold an RSDS record: a word `RSDS`
 *     bit 9        it may be KUSER_SHARED_DATA: NtSystemRoot begins like a path
 *     bit 10       it may hold NtBuildLab: at a multiple of 16, four digits
 *     bit 11       it may be of an expansion table, which is not hashed (see expansion-layouts.ts)
 *     bit 15       it is not all zeros
 *
 * The first look must be quick and may be wrong one way: a page of a table has its sign, and few others do.
 */
export const CHANNEL_SIGNS = (1 << LAW_CHANNELS.length) - 1;
export const OVERFLOW_SIGN = 1 << 7;
export const RSDS_SIGN = 1 << 8;
export const SHARED_DATA_SIGN = 1 << 9;
export const BUILD_LAB_SIGN = 1 << 10;
export const EXPANSION_SIGN = 1 << 11;
export const NOT_ZERO_SIGN = 1 << 15;

/** `Ovfl`, the key of the slot that takes what fits nowhere. */
export const OVERFLOW_KEY = 0x6c66764f;

/** Looks at pages that lie one behind another. */
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
