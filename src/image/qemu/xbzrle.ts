import { damagedData, LzInput } from '../../codec/lz-window.js';

/**
 * Makes the next version of a page of its last one, by what XBZRLE tells of the difference (QEMU's docs/xbzrle.txt and
 * migration/xbzrle.c): the length of a run that is equal, the length of one that is not, and its new bytes, in turn.
 * @param page is changed in place
 * @throws PoolTrackerError FORMAT_DAMAGED; the page may be changed in part
 */
export function applyXbzrle(difference: Uint8Array, page: Uint8Array): void {
  const input = new LzInput(difference);
  for (let at = 0; input.left > 0;) {
    at += runLength(input);
    const changed = input.take(runLength(input));
    if (at + changed.length > page.length)
      throw damagedData(`XBZRLE: a run ends at ${at + changed.length}, behind the ${page.length} bytes of its page`);
    page.set(changed, at);
    at += changed.length;
  }
}

/** ULEB128 of at most 14 bits. */
function runLength(input: LzInput): number {
  const low = input.u8();
  return low < 0x80 ? low : (low & 0x7f) | ((input.u8() & 0x7f) << 7);
}
