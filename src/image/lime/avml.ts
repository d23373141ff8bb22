import { hex } from '../../address.js';
import { decodeSnappy, snappySize } from '../../codec/snappy.js';
import { ChunkedSource, listedChunks, type Chunk } from '../../source/reading/chunked-source.js';
import { ClippedRuns } from '../clipped-runs.js';
import { Container } from '../../source/reading/container.js';
import type { ImageFormat } from '../image.js';
import { RANGE_HEADER, readRange } from './lime.js';

const MAGIC = 0x4c4d5641;

/** Chunk types of a Snappy frame stream; 0x80 to 0xFD and 0xFE (padding) are skippable. */
const FRAME = { compressed: 0, raw: 1, firstSkippable: 0x80 };

/** Maximum decompressed size of a frame in Snappy's framing format. */
const MAX_IN_FRAME = 0x10000;

const CRC = 4;

/** Real streams hold 64 KiB per frame; this bounds the time for a file of empty frames. */
const MIN_PER_FRAME = 0x1000;
const FRAMES_IN_HAND = 4096;

/** Locations of the frames that hold memory. */
class FrameIndex {
  readonly starts: number[] = [];
  readonly offsets: number[] = [];
  readonly lengths: number[] = [];
  readonly compressed: boolean[] = [];
  byteLength = 0;

  add(offset: number, length: number, compressed: boolean, size: number): void {
    this.starts.push(this.byteLength);
    this.offsets.push(offset);
    this.lengths.push(length);
    this.compressed.push(compressed);
    this.byteLength += size;
  }
}

/**
 * Lists the frames of one range.
 * @returns the end of the stream; the source's end when it is truncated
 */
async function listFrames(container: Container, offset: number, size: number, index: FrameIndex): Promise<number> {
  const { byteLength } = container.source;
  const end = index.byteLength + size;
  let walked = 0;
  while (index.byteLength < end && offset + 4 + CRC < byteLength) {
    const head = await container.fields(offset, Math.min(4 + CRC + 5, byteLength - offset), 'a Snappy frame');
    const type = head.u8(0);
    const length = head.u32(0) >>> 8;
    const data = offset + 4 + CRC;
    const next = offset + 4 + length;
    if (++walked > FRAMES_IN_HAND + index.byteLength / MIN_PER_FRAME) {
      throw container.damaged(`${walked} Snappy frames in a row hold less than ${MIN_PER_FRAME} bytes each`);
    }
    if (type < FRAME.firstSkippable) {
      if (type > FRAME.raw || length <= CRC) throw container.damaged(`no Snappy frame at file offset ${hex(offset)}`);
      if (next > byteLength) return byteLength;
      const held = type === FRAME.raw ? length - CRC : snappySize(head.bytes.subarray(4 + CRC));
      if (held === 0 || held > MAX_IN_FRAME || index.byteLength + held > end) {
        throw container.damaged(
          `the Snappy frame at file offset ${hex(offset)} holds ${held} bytes, more than its range or none`,
        );
      }
      index.add(data, length - CRC, type === FRAME.compressed, held);
    }
    offset = next;
  }
  return offset;
}

/** AVML version 2: LiME's header with another magic, followed by a Snappy frame stream for each range. */
export const avml: ImageFormat = {
  name: 'avml',
  title: 'AVML, compressed (.lime.compressed)',
  probe: (head) => head.length >= 4 && head.readUInt32LE(0) === MAGIC,
  async open(source) {
    const container = new Container(source, 'AVML file');
    const index = new FrameIndex();
    const ranges: { start: number; length: number; offset: number }[] = [];
    for (let offset = 0; offset < source.byteLength;) {
      const header = await container.fields(offset, RANGE_HEADER, `the header of range ${ranges.length + 1}`);
      if (header.u32(0) !== MAGIC || header.u32(4) !== 2) {
        throw container.damaged(`no range header of version 2 at file offset ${hex(offset)}`);
      }
      const range = readRange(header, ranges.length + 1, container);
      ranges.push({ ...range, offset: index.byteLength });
      const end = await listFrames(container, offset + RANGE_HEADER, range.length, index);
      // The count of compressed bytes follows.
      offset = Math.min(end + 8, source.byteLength);
    }
    const runs = new ClippedRuns(container, index.byteLength);
    for (const range of ranges) runs.add(range.start, range.length, range.offset);
    const table = listedChunks(index.starts, index.byteLength);
    const load = async (chunk: Chunk): Promise<Uint8Array> => {
      const bytes = await container.bytes(index.offsets[chunk.index]!, index.lengths[chunk.index]!, 'a Snappy frame');
      return index.compressed[chunk.index]! ? decodeSnappy(bytes, chunk.length) : bytes;
    };
    return { format: 'avml', source: new ChunkedSource([source], { ...table, load }), ...runs.finish(), hints: {} };
  },
};
