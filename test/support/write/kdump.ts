import { deflateSync } from 'node:zlib';
import { encodeLzo1x } from '../encode/lzo1x.js';
import { encodeSnappy } from '../encode/snappy.js';
import type { GeneratedMemory } from '../generate/memory-plan.js';
import { PAGE } from '../generate/sparse-memory.js';
import { FileBuilder, padded, u32, u64, u64be } from '../encode/bytes.js';

const METHODS = {
  zlib: { flag: 1, encode: (page: Buffer): Buffer => deflateSync(page) },
  lzo: { flag: 2, encode: encodeLzo1x },
  snappy: { flag: 4, encode: encodeSnappy },
  zstd: { flag: 0x20, encode: storedZstdFrame },
  stored: { flag: 0, encode: (page: Buffer): Buffer => page },
};

export interface KdumpOptions {
  readonly method?: keyof typeof METHODS;
  /** Pages that were written only, as makedumpfile leaves out what nobody asked for. */
  readonly pages?: 'all' | 'written';
  /** 32-bit headers, as QEMU writes them for a processor that is not in long mode. */
  readonly narrow?: boolean;
}

/** A compressed kdump of version 6: header, sub header, two bitmaps, descriptors, pages. */
export function kdumpBuffer({ memory }: GeneratedMemory, options: KdumpOptions = {}): Buffer {
  const { flag, encode } = METHODS[options.method ?? 'zlib'];
  const frames =
    options.pages === 'written'
      ? memory.writtenFrames()
      : memory.ranges.flatMap(([start, end]) =>
          Array.from({ length: (end - start) / PAGE }, (_, page) => start / PAGE + page),
        );
  const pageCount = memory.byteLength / PAGE;
  const bitmapBlocks = Math.ceil(pageCount / 8 / PAGE);
  const narrow = options.narrow === true;
  const header = Buffer.alloc(PAGE);
  header.set(padded('KDUMP   ', 8));
  header.set(u32(6), 8);
  header.set(Buffer.concat([u32(PAGE), u32(1), u32(bitmapBlocks * 2), u32(pageCount)]), narrow ? 416 : 428);
  const sub = Buffer.alloc(PAGE);
  sub.set(u64(pageCount), narrow ? 72 : 96);
  const bitmap = Buffer.alloc(bitmapBlocks * PAGE);
  for (const frame of frames) bitmap[frame >> 3]! |= 1 << (frame & 7);
  const file = new FileBuilder();
  file.add(header, sub, bitmap, bitmap);
  const descriptors = Buffer.alloc(frames.length * 24);
  const data = new FileBuilder();
  const dataAt = file.length + descriptors.length;
  const zeros = { at: -1, size: 0 };
  frames.forEach((frame, index) => {
    const page = memory.read(frame * PAGE, PAGE);
    // QEMU lets all zeroed pages share one.
    const isZero = !page.some((byte) => byte !== 0);
    const place = isZero && zeros.at >= 0 ? zeros : add(page);
    if (isZero) Object.assign(zeros, place);
    const stored = place.size === PAGE;
    descriptors.set(
      Buffer.concat([u64(dataAt + place.at), u32(place.size), u32(stored ? 0 : flag), u64(0)]),
      index * 24,
    );
  });
  function add(page: Buffer): { at: number; size: number } {
    const packed = encode(page);
    const bytes = packed.length < PAGE ? packed : page;
    return { at: data.add(bytes), size: bytes.length };
  }
  file.add(descriptors, data.result());
  return file.result();
}

/** The flattened form: records of at most `size` bytes, the first of them written last as well as first. */
export function flattened(file: Buffer, size = 0x3333): Buffer {
  const out = new FileBuilder();
  out.add(padded('makedumpfile', 16), u64be(1), u64be(1));
  out.align(PAGE);
  out.add(u64be(0), u64be(size), Buffer.alloc(size, 0xee));
  for (let at = size; at < file.length; at += size) {
    const bytes = file.subarray(at, at + size);
    out.add(u64be(at), u64be(bytes.length), bytes);
  }
  out.add(u64be(0), u64be(size), file.subarray(0, size), u64be(-1), u64be(-1));
  return out.result();
}

/** A zstd frame of one block: repeated bytes where the page is one, stored ones else (RFC 8878, 3.1.1). */
function storedZstdFrame(page: Buffer): Buffer {
  const frame = (block: number, bytes: Uint8Array): Buffer =>
    Buffer.concat([
      u32(0xfd2fb528),
      Buffer.of(0x60),
      u32(page.length - 256).subarray(0, 2),
      u32((page.length << 3) | (block << 1) | 1).subarray(0, 3),
      bytes,
    ]);
  return page.every((byte) => byte === page[0]) ? frame(1, page.subarray(0, 1)) : frame(0, page);
}
