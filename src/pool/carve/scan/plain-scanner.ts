import { PAGE_SIZE } from '../../../address.js';
import { EXPANSION_LAYOUTS, looksExpanded } from './page-signs.js';
import { LAW_CHANNELS } from './page-signs.js';
import {
  BUILD_LAB_SIGN,
  EXPANSION_SIGN,
  MAX_SPARSE_WORDS,
  NOT_ZERO_SIGN,
  OVERFLOW_KEY,
  OVERFLOW_SIGN,
  RSDS_SIGN,
  SHARED_DATA_SIGN,
  SPARSE_SIGN,
  type PageScanner,
} from './page-signs.js';

const WORDS = PAGE_SIZE / 4;
const RSDS = 0x53445352;

/** A page with fewer zero words among its first 256 is text, code or noise: entries contain many zeros. */
const MIN_ZEROS = 4;
const SAMPLED = 256;

/** The channels' constants in typed arrays, for fast loops. */
const SIZES = Int32Array.from(LAW_CHANNELS, ({ layout }) => layout.size);
const MASKS = Int32Array.from(LAW_CHANNELS, ({ period }) => period - 1);
const SMALL_MASKS = Int32Array.from(LAW_CHANNELS, ({ smallPeriod }) => smallPeriod - 1);
/** Channels from this one on have keys at any multiple of 4; earlier ones only at multiples of 8. */
const FIRST_ODD = LAW_CHANNELS.findIndex(({ step }) => step === 4);
const XP = LAW_CHANNELS.findIndex(({ xp }) => xp);

/** `:` and `\` of NtSystemRoot (UTF-16), which begins at 0x30. */
const ROOT_AT = 0x30;
const ROOT_WORDS = [0x003a0000, 0x0000005c] as const;

/**
 * The first look, in plain JavaScript: for machines without WebAssembly SIMD, and the reference for the handwritten
 * WebAssembly scanner (page-scanner.wat), which gives the same signs.
 *
 * It checks for each nonzero word whether the hash law would put it there if it were a key. On a page of random words
 * one word per channel obeys by chance; on a page of a table at least every third key. So a page is examined closely
 * when the words that obey are at least a tenth of the possible number of entries, estimated from the nonzero words;
 * or, for tables of less than 512 slots, a third by the weaker law that holds for those.
 */
export class PlainScanner implements PageScanner {
  readonly kind = 'js';
  private readonly strong = new Int32Array(LAW_CHANNELS.length);
  private readonly small = new Int32Array(LAW_CHANNELS.length);

  scan(bytes: Uint8Array, signs: Uint16Array): void {
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >>> 2);
    for (let page = 0; page < signs.length; page++) signs[page] = this.signsOf(words, page * WORDS);
  }

  private signsOf(words: Uint32Array, first: number): number {
    const { strong, small } = this;
    let used = 0;
    let signs = 0;
    strong.fill(0);
    small.fill(0);
    let zeros = 0;
    for (let index = 0; index < SAMPLED; index++) if (words[first + index] === 0) zeros++;
    const dense = zeros < MIN_ZEROS;
    for (let index = 0; index < WORDS; index++) {
      const word = words[first + index]!;
      if (word === 0) continue;
      used++;
      if (!dense) this.countLaws(word, index * 4);
      if (word === RSDS) signs |= RSDS_SIGN;
      if (index % 4 === 0 && ((word - 0x30303030) & 0xf0f0f0f0) === 0) signs |= BUILD_LAB_SIGN;
    }
    if (used === 0) return 0;
    for (let channel = 0; channel < LAW_CHANNELS.length; channel++) {
      const { size } = LAW_CHANNELS[channel]!.layout;
      const obeys = strong[channel]! > 0 && strong[channel]! * size * 5 >= used * 2;
      if (obeys || (small[channel]! >= 3 && small[channel]! * size * 5 >= used * 7)) signs |= 1 << channel;
    }
    if (words[first] === OVERFLOW_KEY) signs |= OVERFLOW_SIGN;
    const root = first + ROOT_AT / 4;
    if ((words[root]! & 0xffff0000) >>> 0 === ROOT_WORDS[0] && (words[root + 1]! & 0xffff) === ROOT_WORDS[1])
      signs |= SHARED_DATA_SIGN;
    if (!dense && used <= MAX_SPARSE_WORDS) signs |= SPARSE_SIGN;
    if (!dense && mayBeExpansion(words, first)) signs |= EXPANSION_SIGN;
    return signs | NOT_ZERO_SIGN;
  }

  /** Counts a word in each channel whose law it would obey as a key. */
  private countLaws(word: number, offset: number): void {
    const low = (word & 0xffff) * 40543;
    const high = (word >>> 16) * 40543 + ((low >>> 16) & 0xffff);
    const hash = (low ^ (high >>> 16)) & 0xffff;
    const mixed = ((word & 0xff) << 6) ^ ((word >>> 4) & 0xff0) ^ ((word >>> 14) & 0x3fc) ^ (word >>> 24);
    const xpHash = (mixed * 40543) >>> 2;
    const { strong, small } = this;
    for (let channel = (offset & 7) === 0 ? 0 : FIRST_ODD; channel < SIZES.length; channel++) {
      const apart = ((channel === XP ? xpHash : hash) * SIZES[channel]!) ^ offset;
      if ((apart & SMALL_MASKS[channel]!) !== 0) continue;
      small[channel]!++;
      if ((apart & MASKS[channel]!) === 0) strong[channel]!++;
    }
  }
}

/** Whether a page may belong to an expansion table, for any layout and any allowed offset of its first entry. */
function mayBeExpansion(words: Uint32Array, first: number): boolean {
  return EXPANSION_LAYOUTS.some((expansion) => {
    for (let offset = 0; offset < expansion.size; offset += expansion.step) {
      if (looksExpanded(words, first + offset / 4, expansion)) return true;
    }
    return false;
  });
}
