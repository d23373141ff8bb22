import { encodeXpressHuffman } from '../encode/xpress-huffman.js';
import { encodeXpressLz77 } from '../encode/xpress-lz77.js';
import { fileTime } from '../generate/kernel/kuser-shared-data.js';
import type { GeneratedMemory } from '../generate/memory-plan.js';
import { PAGE, type RamRange } from '../generate/sparse-memory.js';
import { FileBuilder, padded, u32, u64 } from '../encode/bytes.js';
import { rangesOfFrames } from './runs.js';

const PAGES_IN_SET = 16;

/** By PO_MEMORY_IMAGE's length: where its boot and kernel sets and the number of the latter's pages stand. */
const LAYOUTS = {
  0x4d8: [0x68, 0x70, 0x238],
  0x448: [0x68, 0x70, 0x230],
  0x3e0: [0x68, 0x70, 0x230],
  0x3d8: [0x68, 0x70, 0x230],
  0x3c8: [0x68, 0x70, 0x220],
  0x3b0: [0x68, 0x70, 0x218],
  0x360: [0x60, 0x68, 0x1c8],
} as const;
export type HibernationLayout = keyof typeof LAYOUTS;
export const HIBERNATION_LAYOUTS = Object.keys(LAYOUTS).map(Number) as HibernationLayout[];

/** Windows 8 and later: the pages written, the lowest hundred in the boot set and ten of them again in the kernel's. */
export function hibernationBuffer(
  { memory, truth }: GeneratedMemory,
  layout: HibernationLayout = 0x3e0,
  magic = 'HIBR',
): Buffer {
  const frames = memory.writtenFrames();
  const boot = frames.slice(0, 100);
  const kernel = frames.slice(90);
  const file = new FileBuilder();
  const header = Buffer.alloc(PAGE);
  const [bootField, kernelField, countField] = LAYOUTS[layout];
  header.set(padded(magic, 4));
  header.set(u32(layout), 0xc);
  header.set(u32(PAGE), 0x18);
  header.set(u64(fileTime(truth.systemTime)), 0x20);
  header.set(u64(boot.length), 0x58);
  header.set(u64(kernel.length), countField);
  file.add(header);
  for (const [field, pages, huffman] of [
    [bootField, boot, false],
    [kernelField, kernel, true],
  ] as const) {
    file.align(PAGE);
    header.set(u64(file.length / PAGE), field);
    for (let at = 0; at < pages.length; at += PAGES_IN_SET) {
      const set = pages.slice(at, at + PAGES_IN_SET);
      const bytes = Buffer.concat(set.map((frame) => memory.read(frame * PAGE, PAGE)));
      const packed = huffman ? encodeXpressHuffman(bytes) : encodeXpressLz77(bytes);
      const data = packed.length < bytes.length ? packed : bytes;
      const ranges = rangesOfFrames(set);
      file.add(u32(ranges.length | (data.length << 8) | (huffman ? 0x8000_0000 : 0)));
      for (const [start, end] of ranges) file.add(u64((BigInt(start / PAGE) << 4n) | BigInt((end - start) / PAGE - 1)));
      file.add(data);
    }
  }
  return file.result();
}

const BLOCK_MAGIC = Buffer.from('8181787072657373', 'hex');

/** Windows 7: tables of at most `rangesInTable` ranges, each followed by its blocks of 16 pages. */
export function hibernation7Buffer({ memory }: GeneratedMemory, wide = true, rangesInTable = 0xfe): Buffer {
  const ranges = rangesOfFrames(memory.writtenFrames());
  const file = new FileBuilder();
  const header = padded('hibr', PAGE);
  header.set(u32(0xc0), 0xc);
  file.add(header, Buffer.alloc(2 * PAGE));
  let link: Buffer | undefined;
  for (let first = 0; first < ranges.length; first += rangesInTable) {
    const taken = ranges.slice(first, first + rangesInTable);
    file.align(PAGE);
    link?.set(wide ? u64(file.length / PAGE) : u32(file.length / PAGE));
    link = Buffer.alloc(PAGE);
    link.set(u32(taken.length), wide ? 8 : 4);
    taken.forEach(([start, end], index) => {
      const pair = [start / PAGE, end / PAGE].map((page) => (wide ? u64(page) : u32(page)));
      link!.set(Buffer.concat(pair), wide ? 16 + index * 16 : 8 + index * 8);
    });
    file.add(link);
    addBlocks(file, Buffer.concat(taken.map(([start, end]: RamRange) => memory.read(start, end - start))));
  }
  return file.result();
}

function addBlocks(file: FileBuilder, pages: Buffer): void {
  for (let at = 0; at < pages.length; at += PAGES_IN_SET * PAGE) {
    const block = pages.subarray(at, at + PAGES_IN_SET * PAGE);
    const packed = encodeXpressLz77(block);
    const data = packed.length < block.length ? packed : block;
    const count = block.length / PAGE;
    file.add(BLOCK_MAGIC, u32(((data.length - 1) << 10) | (count - 1)), Buffer.alloc(20), data);
    file.align(8);
  }
}
