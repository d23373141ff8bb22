import { PAGE_SIZE } from '../address.js';
import { damagedData, LzInput, LzOutput } from '../codec/lz-window.js';
import { decodeXpressLz77 } from '../codec/xpress-lz77.js';

/** Bytes of memory in a block, and of its value when it is stored as it is. */
export const RAM_BLOCK = 1 << 20;

const END = 0xffff_ffff;
const FILL_PAGE = 0xffff_fffe;
const FILL_PAGES = 0xffff_fffd;
const PART = 0xffff_fffc;

/**
 * Unpacks a block of memory of a saved Hyper-V machine: tokens of 32 bits, most of them the compressed size of the page
 * that follows; what no token fills is zeros.
 * @throws PoolTrackerError FORMAT_DAMAGED
 */
export function unpackRamBlock(value: Uint8Array): Buffer {
  const input = new LzInput(value);
  const output = new LzOutput(RAM_BLOCK);
  while (input.left >= 4 && !output.full) {
    const token = input.u32();
    if (token === END) break;
    if (token === FILL_PAGE) fill(output, input.take(8), 1);
    else if (token === FILL_PAGES) fill(output, input.take(8), input.u32());
    else if (token === PART) part(output, input, input.u32(), input.u32());
    else part(output, input, PAGE_SIZE, token);
  }
  return Buffer.concat([output.result()], RAM_BLOCK);
}

function part(output: LzOutput, input: LzInput, size: number, stored: number): void {
  if (size > PAGE_SIZE || stored > size || stored === 0) {
    throw damagedData(`a page of ${size} bytes takes ${stored} compressed; expected at most ${PAGE_SIZE}, and no growth`);
  }
  const bytes = input.take(stored);
  output.literals(stored === size ? bytes : decodeXpressLz77(bytes, size));
}

function fill(output: LzOutput, pattern: Uint8Array, pages: number): void {
  if (pages > RAM_BLOCK / PAGE_SIZE) throw damagedData(`${pages} pages are filled in a block of ${RAM_BLOCK / PAGE_SIZE}`);
  const page = Buffer.alloc(PAGE_SIZE, pattern);
  for (let index = 0; index < pages; index++) output.literals(page);
}
