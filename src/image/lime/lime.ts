import { hex } from '../../address.js';
import type { Warning } from '../../errors.js';
import { readBytes } from '../../source/source.js';
import { ClippedRuns } from '../clipped-runs.js';
import { Container } from '../../source/reading/container.js';
import { Fields } from '../../source/reading/container.js';
import type { ImageFormat } from '../image.js';

const MAGIC = 0x4c694d45;
const HEADER = 32;

/** Machines list some dozens; a file of empty ranges must not be walked for minutes. */
const MAX_RANGES = 16384;

/** LiME: a 32-byte header {magic, version, first address, last address} before each range of memory. */
export const lime: ImageFormat = {
  name: 'lime',
  title: 'LiME (.lime)',
  probe: (head) => head.length >= 4 && head.readUInt32LE(0) === MAGIC,
  async open(source) {
    const container = new Container(source, 'LiME file');
    const runs = new ClippedRuns(container);
    const trailing: Warning[] = [];
    let offset = 0;
    for (let range = 1; offset < source.byteLength; range++) {
      if (range > MAX_RANGES) throw container.damaged(`it lists more than ${MAX_RANGES} ranges`);
      const bytes = await readBytes(source, offset, HEADER);
      if (bytes.length < HEADER || bytes.readUInt32LE(0) !== MAGIC) {
        if (range === 1) throw container.damaged('it does not begin with a range header');
        trailing.push({
          code: 'image-trailing-bytes',
          message: `${source.byteLength - offset} bytes at file offset ${hex(offset)} are no LiME range and were left out`,
        });
        break;
      }
      const what = `the header of range ${range}`;
      const header = new Fields(container, bytes, what);
      if (header.u32(4) !== 1) {
        throw container.damaged(`${what} at file offset ${hex(offset)} has version ${header.u32(4)}; expected 1`);
      }
      const first = header.size(8, 'the first address');
      const last = header.size(16, 'the last address');
      if (last < first)
        throw container.damaged(`range ${range} ends at ${hex(last)}, before it starts at ${hex(first)}`);
      const length = last - first + 1;
      runs.add(first, length, offset + HEADER);
      offset += HEADER + length;
    }
    const { runs: list, warnings } = runs.finish();
    return { format: 'lime', source, runs: list, hints: {}, warnings: [...warnings, ...trailing] };
  },
};
