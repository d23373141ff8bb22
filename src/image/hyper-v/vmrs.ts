import { PAGE_SIZE } from '../../address.js';
import { ChunkedSource, evenChunks, type Chunk } from '../../source/reading/chunked-source.js';
import { ClippedRuns } from '../clipped-runs.js';
import { Container } from '../../source/reading/container.js';
import { RAM_BLOCK, unpackRamBlock } from '../hyperv-ram-block.js';
import { isHyperVStorage, readStoredArrays, type StoredValue } from './storage.js';
import type { ImageFormat } from '../image-format.js';

/** MEMORY_BLOCK_OBJECT_SAVE_STRUCT: pages @8, first page among the blocks @16, first guest page @24. */
const MEMORY_BLOCK = 48;

interface MemoryBlock {
  readonly firstGuestPage: number;
  readonly firstPage: number;
  readonly pageCount: number;
}

/** Where the blocks of memory belong; without such keys they follow each other from address 0. */
async function readMemoryBlocks(container: Container, values: ReadonlyMap<string, StoredValue>, pages: number): Promise<MemoryBlock[]> {
  const blocks: MemoryBlock[] = [];
  for (;;) {
    const value = values.get(`RamMemoryBlock${blocks.length}`);
    if (value === undefined) break;
    if (value.size < MEMORY_BLOCK) throw container.damaged(`its key RamMemoryBlock${blocks.length} has ${value.size} bytes; expected ${MEMORY_BLOCK}`);
    const block = await container.fields(value.offset, MEMORY_BLOCK, `the key RamMemoryBlock${blocks.length}`);
    blocks.push({
      pageCount: block.size(8, 'the number of pages'),
      firstPage: block.size(16, 'the first page among the blocks'),
      firstGuestPage: block.size(24, 'the first guest page'),
    });
  }
  return blocks.length > 0 ? blocks : [{ firstGuestPage: 0, firstPage: 0, pageCount: pages }];
}

/** A saved Hyper-V machine: memory in blocks of 1 MiB, each the value of a key `RamBlockN`. */
export const hypervVmrs: ImageFormat = {
  name: 'hyperv-vmrs',
  title: 'Hyper-V saved state (.vmrs)',
  probe: isHyperVStorage,
  async open(source) {
    const container = new Container(source, 'Hyper-V saved state');
    const values = await readStoredArrays(container, /^Ram(Memory)?Block\d+$/);
    const blocks: StoredValue[] = [];
    for (;;) {
      const value = values.get(`RamBlock${blocks.length}`);
      if (value === undefined || value.offset + value.size > source.byteLength) break;
      blocks.push(value);
    }
    if (!values.has('RamBlock0')) {
      throw container.refused('it holds no memory (no key RamBlock0)', 'save or pause the machine first; a .vmcx file holds its settings only');
    }
    const table = evenChunks(RAM_BLOCK, blocks.length * RAM_BLOCK);
    const load = async (chunk: Chunk): Promise<Uint8Array> => {
      const { offset, size } = blocks[chunk.index]!;
      if (size > RAM_BLOCK) throw container.damaged(`its key RamBlock${chunk.index} has ${size} bytes; expected at most ${RAM_BLOCK}`);
      const value = await container.bytes(offset, size, `the key RamBlock${chunk.index}`);
      return size === RAM_BLOCK ? value : unpackRamBlock(value);
    };
    const runs = new ClippedRuns(container, table.byteLength);
    for (const block of await readMemoryBlocks(container, values, table.byteLength / PAGE_SIZE)) {
      runs.add(block.firstGuestPage * PAGE_SIZE, block.pageCount * PAGE_SIZE, block.firstPage * PAGE_SIZE);
    }
    return { format: 'hyperv-vmrs', source: new ChunkedSource([source], { ...table, load }), ...runs.finish(), hints: {} };
  },
};
