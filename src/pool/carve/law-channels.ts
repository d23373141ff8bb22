import { hashOfKey, hashOfKeyXp, type TagHash } from '../hash-law.js';
import { layoutOfSize, type TrackerLayout } from '../table/tracker-layout.js';

/** One way in which a page can obey the hash law: entries of one size, placed by one hash. */
export interface LawChannel {
  readonly layout: TrackerLayout;
  readonly hash: TagHash;
  /** Whether the hash is that of Windows XP. */
  readonly xp: boolean;
  /** Bytes in which the in-page offset of an undisplaced key repeats, whatever N from 512 on. */
  readonly period: number;
  /** The same for any N from 64 on. */
  readonly smallPeriod: number;
  /** Bytes that the offset of every key is a multiple of. */
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

/** Every channel; its place here is its bit in a page's signs. The hash of XP was only ever used with 28-byte entries. */
export const LAW_CHANNELS: readonly LawChannel[] = [
  channel(40), channel(48), channel(56), channel(64), channel(80), channel(28), channel(28, true),
];
