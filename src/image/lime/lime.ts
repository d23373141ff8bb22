import { hex, physicalAddress, type PhysicalAddress } from '../../address.js';
import type { Warning } from '../../errors.js';
import { type ByteReader, readerOf } from '../../source/reading/byte-reader.js';
import { type Complaints, Container, Fields } from '../../source/reading/container.js';
import { ClippedRuns } from '../clipped-runs.js';
import type { ImageFormat } from '../image.js';
import { apart, checkRun } from '../run-list.js';

const TITLE = 'LiME file';
const MAGIC = 0x4c694d45;
const VERSION = 1;

/** Bytes before each range: {magic, version, first address, last address}. */
export const RANGE_HEADER = 32;

/** Machines have some dozens; this bounds the time for a file of empty ranges. */
const MAX_RANGES = 16384;

/** A stretch of physical memory. */
export interface LimeRange {
  readonly start: PhysicalAddress;
  readonly length: number;
}

/**
 * The range that a LiME or AVML header describes.
 * @param number counted from 1, for messages
 * @throws PoolTrackerError FORMAT_DAMAGED when it ends before it starts
 */
export function readRange(header: Fields, number: number, file: Complaints): LimeRange {
  const first = header.size(8, 'the first address');
  const last = header.size(16, 'the last address');
  if (last < first) throw file.damaged(`range ${number} ends at ${hex(last)}, before it starts at ${hex(first)}`);
  return { start: physicalAddress(first), length: last - first + 1 };
}

/** The ranges as they arrive, each yielded after its header; the caller must consume it before the next one. */
async function* ranges(input: ByteReader, warn: (warning: Warning) => void): AsyncGenerator<LimeRange> {
  for (let number = 1; !(await input.atEnd()); number++) {
    if (number > MAX_RANGES) throw input.damaged(`it lists more than ${MAX_RANGES} ranges`);
    const { offset } = input;
    const bytes = await input.peek(RANGE_HEADER);
    if (bytes.length < RANGE_HEADER || bytes.readUInt32LE(0) !== MAGIC) {
      if (number === 1) throw input.damaged('it does not begin with a range header');
      const left = await input.skip(Infinity);
      return warn({
        code: 'image-trailing-bytes',
        message: `${left} bytes at file offset ${hex(offset)} are no LiME range and were left out`,
      });
    }
    await input.skip(RANGE_HEADER);
    const what = `the header of range ${number}`;
    const header = new Fields(input, bytes, what);
    if (header.u32(4) !== VERSION) {
      throw input.damaged(`${what} at file offset ${hex(offset)} has version ${header.u32(4)}; expected ${VERSION}`);
    }
    const range = readRange(header, number, input);
    checkRun(input.label, range.start, range.length, input.offset);
    yield range;
  }
}

/** LiME: a header before each range of memory. */
export const lime: ImageFormat = {
  name: 'lime',
  title: 'LiME (.lime)',
  probe: (head) => head.length >= 4 && head.readUInt32LE(0) === MAGIC,
  async open(source) {
    const runs = new ClippedRuns(new Container(source, TITLE));
    const trailing: Warning[] = [];
    const input = readerOf(source, source.name, TITLE);
    for await (const { start, length } of ranges(input, (warning) => trailing.push(warning))) {
      runs.add(start, length, input.offset);
      await input.skip(length);
    }
    const { runs: list, warnings } = runs.finish();
    return { format: 'lime', source, runs: list, hints: {}, warnings: [...warnings, ...trailing] };
  },
  stream(input, warn) {
    const reader = input.as(TITLE);
    return apart(reader, ranges(reader, warn));
  },
};
