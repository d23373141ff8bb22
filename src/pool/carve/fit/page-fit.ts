import { PAGE_SIZE } from '../../../address.js';
import { LAW_CHANNELS, type LawChannel } from '../scan/page-signs.js';

/** How a page's words fit one place of one kind of table. */
export interface PageFit {
  readonly channel: LawChannel;
  /** N when it is less than 512, which the page alone determines; else null. */
  readonly slots: number | null;
  /** Which page of its table: exact when `slots` is known, else modulo `pagePeriod(channel)`. */
  readonly page: number;
  /** Bits of evidence: log2 of the likelihood ratio of these keys in a table and by chance. */
  readonly score: number;
  readonly keys: number;
  readonly atHome: number;
  /** Free entries that hold bytes, and repeated keys: no table has them until other data overwrites it. */
  readonly dirty: number;
}

/** Number of pages after which the same slots modulo 512 (1024 for 28-byte entries) recur. */
export function pagePeriod({ layout }: LawChannel): number {
  return layout.size === 28 ? 7 : layout.size / 8;
}

/**
 * Evidence of one key by its displacement: over tables of all loads, displacement d occurs with a frequency of about
 * 0.38 / (d + 1)^1.5; by chance, each of the 512 (or N) is equally frequent. A free slot between home and place is no
 * evidence: tables other than table 0 have them wherever a processor never touched a tag.
 */
const EVIDENCE = Float64Array.from({ length: 512 }, (_, d) => Math.log2(0.38 / (d + 1) ** 1.5));
/** Penalty for a free entry with bytes in it, or a repeated key: no table has either. */
const DIRTY = -9;

const SMALL_SLOTS = [64, 128, 256];

/** Minimum evidence for keeping a page; the tables found later confirm it or not. */
const MIN_SCORE = 5;

/** Minimum share of a page's keys at home: a third in a full table, but not on each of its pages. */
const MIN_AT_HOME = 0.08;

/** Fits a page to every place of every kind of table whose sign it has; null when it fits none. */
export function fitPage(bytes: Uint8Array, signs: number): PageFit | null {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, PAGE_SIZE / 4);
  let best: PageFit | null = null;
  const consider = (fit: PageFit | null): void => {
    if (fit !== null && (best === null || fit.score > best.score)) best = fit;
  };
  LAW_CHANNELS.forEach((channel, index) => {
    if ((signs & (1 << index)) === 0) return;
    const hashes = hashesOf(words, channel);
    for (let page = 0; page < pagePeriod(channel); page++) consider(fitAt(words, hashes, channel, page, null));
    for (const slots of SMALL_SLOTS) {
      const pages = Math.ceil(((slots + 1) * channel.layout.size) / PAGE_SIZE);
      for (let page = 0; page < pages; page++) consider(fitAt(words, hashes, channel, page, slots));
    }
  });
  return best;
}

/** The hash of every word that may be a key, computed once since each is tried at many places. */
function hashesOf(words: Uint32Array, { hash, step }: LawChannel): Int32Array {
  const hashes = new Int32Array(words.length);
  for (let at = 0; at < words.length; at += step / 4) if (words[at] !== 0) hashes[at] = hash(words[at]!);
  return hashes;
}

/** @param slots null when slots are known modulo 512 only */
function fitAt(
  words: Uint32Array,
  hashes: Int32Array,
  channel: LawChannel,
  page: number,
  slots: number | null,
): PageFit | null {
  const { size } = channel.layout;
  const modulus = slots ?? 512;
  const entryWords = size / 4;
  const chance = Math.log2(modulus);
  const first = Math.ceil((page * PAGE_SIZE) / size);
  const start = (first * size - page * PAGE_SIZE) / 4;
  const end = Math.min(words.length, start + ((slots ?? Infinity) - first) * entryWords);
  let keys = 0;
  let atHome = 0;
  let dirty = 0;
  let score = 0;
  for (let slot = first, at = start; at < end; slot++, at += entryWords) {
    if (words[at] === 0) {
      if (hasBytes(words, at + 1, at + entryWords)) dirty++;
      continue;
    }
    keys++;
    const displacement = (slot - hashes[at]!) & (modulus - 1);
    if (displacement === 0) atHome++;
    score += chance + EVIDENCE[displacement]!;
  }
  if (score + dirty * DIRTY < MIN_SCORE || atHome < keys * MIN_AT_HOME) return null;
  const used: number[] = [];
  for (let at = start; at < end; at += entryWords) if (words[at] !== 0) used.push(words[at]!);
  dirty += used.length - new Set(used).size;
  score += dirty * DIRTY;
  if (score < MIN_SCORE || dirty * 4 > keys || isSeries(used)) return null;
  return { channel, slots, page, score, keys, atHome, dirty };
}

function hasBytes(words: Uint32Array, from: number, to: number): boolean {
  for (let at = from; at < to && at < words.length; at++) {
    if (words[at] !== 0) return true;
  }
  return false;
}

/** Minimum number of keys for judging their order. */
const TELLING_KEYS = 8;
const MAX_IN_ORDER = 0.9;
const MAX_REPEATED = 0.25;

/** Whether keys are monotonic or evenly spaced, like offsets and addresses, which can obey the law by arithmetic. */
function isSeries(keys: readonly number[]): boolean {
  if (keys.length < TELLING_KEYS) return false;
  const steps = keys.slice(1).map((key, index) => key - keys[index]!);
  const rising = steps.filter((step) => step > 0).length / steps.length;
  const repeated = 1 - new Set(steps).size / steps.length;
  return rising > MAX_IN_ORDER || rising < 1 - MAX_IN_ORDER || repeated > MAX_REPEATED;
}
