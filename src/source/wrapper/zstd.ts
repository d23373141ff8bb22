import { readBytes } from '../source.js';
import { openZstdSeekTable } from './zstd-seek-table.js';
import { isSkippable } from './skippable-frame.js';
import type { Wrapper } from './wrapper.js';
import { LONGEST_HEADER, parseHeader, ZSTD_FRAME, zstdFrames } from './zstd-frames.js';

/** zstd (RFC 8878); frames one behind another are one stream. */
export const zstd: Wrapper = {
  name: 'zstd',
  title: 'zstd stream',
  claims(head) {
    const magic = head.length < 4 ? 0 : Buffer.from(head).readUInt32LE();
    return magic === ZSTD_FRAME || isSkippable(magic);
  },
  unwrap: zstdFrames,
  openIndexed: openZstdSeekTable,
  /** That of the first frame; zstd writes one frame, unless told otherwise. */
  async unwrappedSize(source) {
    const head = await readBytes(source, 0, LONGEST_HEADER);
    return head.length < LONGEST_HEADER || head.readUInt32LE() !== ZSTD_FRAME ? null : parseHeader(head.subarray(4)).size;
  },
};
