import { PAGE_SIZE } from '../address.js';

/** Zeros before bytes that are taken for the start of a page. */
const QUIET = 64;
/** Beginnings from which they tell. */
const FEWEST_BEGINNINGS = 8;
/** How much commoner the one phase must be than page alignment from the start. */
const CLEARLY = 3;

/**
 * How many bytes before the first whole page a stream of pages begins, as when it is a fragment or has a header: pages
 * often end in zeros, and the next one begins with something else.
 * @returns 0 to 4095; 0 when nothing else is clear
 */
export function pagePhase(bytes: Uint8Array): number {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
  const beginnings = new Uint32Array(PAGE_SIZE / 4);
  let zeros = 0;
  for (let index = 0; index < words.length; index++) {
    if (words[index] === 0) {
      zeros++;
      continue;
    }
    if (zeros * 4 >= QUIET) beginnings[index % beginnings.length]!++;
    zeros = 0;
  }
  let best = 0;
  for (let phase = 1; phase < beginnings.length; phase++) if (beginnings[phase]! > beginnings[best]!) best = phase;
  const count = beginnings[best]!;
  return best !== 0 && count >= FEWEST_BEGINNINGS && count >= beginnings[0]! * CLEARLY ? best * 4 : 0;
}
