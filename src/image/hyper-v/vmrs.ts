import { PAGE_SIZE } from '../../address.js';
import { damagedData, LzInput, LzOutput } from '../../codec/lz-window.js';
import { decodeXpressLz77 } from '../../codec/xpress.js';
import { type Chunk, ChunkedSource, evenChunks } from '../../source/reading/chunked-source.js';
import { Container } from '../../source/reading/container.js';
import type { Warning } from '../../errors.js';
import { ClippedRuns } from '../clipped-runs.js';
import type { ImageFormat, ImageHints } from '../image.js';
import { isLocalDamage } from '../unreadable.js';
import { MAX_PARTITION_STATE, partitionRoots } from './partition-state.js';
import { isHyperVStorage, readStoredArrays, type StoredValue } from './storage.js';

/** Bytes of memory in a block, and of its value when it is stored uncompressed. */
export const RAM_BLOCK = 1 << 20;

const END = 0xffff_ffff;
const FILL_PAGE = 0xffff_fffe;
const FILL_PAGES = 0xffff_fffd;
const PART = 0xffff_fffc;

/**
 * Unpacks a memory block of a saved Hyper-V machine: 32-bit tokens, most of them the compressed size of the page
 * that follows; bytes that no token fills are zero.
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
    throw damagedData(
      `a page of ${size} bytes takes ${stored} compressed; expected at most ${PAGE_SIZE}, and no growth`,
    );
  }
  const bytes = input.take(stored);
  output.literals(stored === size ? bytes : decodeXpressLz77(bytes, size));
}

function fill(output: LzOutput, pattern: Uint8Array, pages: number): void {
  if (pages > RAM_BLOCK / PAGE_SIZE)
    throw damagedData(`${pages} pages are filled in a block of ${RAM_BLOCK / PAGE_SIZE}`);
  const page = Buffer.alloc(PAGE_SIZE, pattern);
  for (let index = 0; index < pages; index++) output.literals(page);
}

/** MEMORY_BLOCK_OBJECT_SAVE_STRUCT: pages @8, first page among the blocks @16, first guest page @24. */
const MEMORY_BLOCK = 48;

interface MemoryBlock {
  readonly firstGuestPage: number;
  readonly firstPage: number;
  readonly pageCount: number;
}

/** Which of the pages among the blocks lie where. */
interface MemoryBlocks {
  readonly blocks: readonly MemoryBlock[];
  readonly warnings: readonly Warning[];
}

/** Keys of this kind that are looked for behind one that is not there. */
const MAX_ABSENT = 64;

/**
 * Addresses of the memory blocks; without such keys they are contiguous from address 0.
 * @param pages that the file lists, whether or not it still holds them
 */
async function readMemoryBlocks(
  container: Container,
  values: ReadonlyMap<string, StoredValue>,
  pages: number,
): Promise<MemoryBlocks> {
  const blocks: MemoryBlock[] = [];
  let firstAbsent: string | null = null;
  let last = -1;
  for (let number = 0; number - last <= MAX_ABSENT; number++) {
    const name = `RamMemoryBlock${number}`;
    const value = values.get(name);
    if (value === undefined) {
      firstAbsent ??= name;
      continue;
    }
    last = number;
    if (value.size < MEMORY_BLOCK)
      throw container.damaged(`its key ${name} has ${value.size} bytes; expected ${MEMORY_BLOCK}`);
    const block = await container.fields(value.offset, MEMORY_BLOCK, `the key ${name}`);
    blocks.push({
      pageCount: block.size(8, 'the number of pages'),
      firstPage: block.size(16, 'the first page among the blocks'),
      firstGuestPage: block.size(24, 'the first guest page'),
    });
  }
  if (blocks.length === 0) return { blocks: [{ firstGuestPage: 0, firstPage: 0, pageCount: pages }], warnings: [] };
  const lost = last + 1 - blocks.length;
  if (lost === 0) return { blocks, warnings: [] };
  const others = lost === 1 ? '' : ` and ${lost - 1} more`;
  const message = `it has no key ${firstAbsent}${others}, but later ones: the memory that it places is missing`;
  return { blocks, warnings: [{ code: 'image-damaged', message }] };
}

/** Blocks in a row that may be missing from the middle; behind more the file is taken to end. */
const MAX_MISSING = 1024;

/** The blocks of memory by number. */
interface RamBlocks {
  /** Those that are not in the file are undefined, and their pages missing. */
  readonly blocks: readonly (StoredValue | undefined)[];
  /** How many there were before the file was cut short. */
  readonly listed: number;
}

function ramBlocks(container: Container, values: ReadonlyMap<string, StoredValue>): RamBlocks {
  const blocks: (StoredValue | undefined)[] = [];
  let length = 0;
  let listed = 0;
  for (let number = 0, missing = 0; missing < MAX_MISSING && missing <= values.size; number++) {
    const value = values.get(`RamBlock${number}`);
    const isWhole = value !== undefined && value.offset + value.size <= container.source.byteLength;
    blocks.push(isWhole ? value : undefined);
    if (value !== undefined) listed = blocks.length;
    if (isWhole) length = blocks.length;
    else missing++;
  }
  return { blocks: blocks.slice(0, length), listed };
}

/** Only hints: a state that cannot be read gives none. */
async function hintsOf(container: Container, values: ReadonlyMap<string, StoredValue>): Promise<ImageHints> {
  const state = values.get('partition_state');
  if (state === undefined || state.size > MAX_PARTITION_STATE) return {};
  if (state.offset + state.size > container.source.byteLength) return {};
  try {
    return partitionRoots(await container.fields(state.offset, state.size, 'the key partition_state'));
  } catch (error) {
    if (isLocalDamage(error)) return {};
    throw error;
  }
}

/** A saved Hyper-V machine: memory in blocks of 1 MiB, each the value of a key `RamBlockN`. */
export const hypervVmrs: ImageFormat = {
  name: 'hyperv-vmrs',
  title: 'Hyper-V saved state (.vmrs)',
  probe: isHyperVStorage,
  async open(source) {
    const container = new Container(source, 'Hyper-V saved state');
    const { values, warnings } = await readStoredArrays(container, /^(Ram(Memory)?Block\d+|partition_state)$/);
    const { blocks, listed } = ramBlocks(container, values);
    if (blocks.length === 0) {
      throw container.refused(
        'it holds no memory (no key RamBlock0)',
        'save or pause the machine first; a .vmcx file holds its settings only',
      );
    }
    const table = evenChunks(RAM_BLOCK, blocks.length * RAM_BLOCK);
    const load = async (chunk: Chunk): Promise<Uint8Array> => {
      const block = blocks[chunk.index];
      if (block === undefined) throw container.damaged(`it has no whole key RamBlock${chunk.index}`);
      const { offset, size } = block;
      if (size > RAM_BLOCK)
        throw container.damaged(`its key RamBlock${chunk.index} has ${size} bytes; expected at most ${RAM_BLOCK}`);
      const value = await container.bytes(offset, size, `the key RamBlock${chunk.index}`);
      return size === RAM_BLOCK ? value : unpackRamBlock(value);
    };
    const runs = new ClippedRuns(container, table.byteLength);
    const placed = await readMemoryBlocks(container, values, (listed * RAM_BLOCK) / PAGE_SIZE);
    for (const block of placed.blocks) {
      runs.add(block.firstGuestPage * PAGE_SIZE, block.pageCount * PAGE_SIZE, block.firstPage * PAGE_SIZE);
    }
    const finished = runs.finish();
    return {
      format: 'hyperv-vmrs',
      source: new ChunkedSource([source], { ...table, load }),
      runs: finished.runs,
      warnings: [...warnings, ...placed.warnings, ...finished.warnings],
      hints: await hintsOf(container, values),
    };
  },
};
