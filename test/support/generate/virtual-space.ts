import { VirtualMemory } from '../../../src/memory/virtual-memory.js';
import { PhysicalMemory } from '../../../src/memory/physical-memory.js';
import { physicalAddress } from '../../../src/address.js';
import { openImage } from '../../../src/image/formats.js';
import { BufferSource } from '../sources/buffer-source.js';
import { PageTableWriter } from './page-table-writer.js';
import { Random } from './random.js';
import { PAGE, pcRanges, SparseMemory } from './sparse-memory.js';

/** An address space with nothing in it but its own page tables. */
export class VirtualSpace {
  readonly memory: SparseMemory;
  readonly space: PageTableWriter;

  constructor(byteLength = 16 * 2 ** 20) {
    this.memory = new SparseMemory(pcRanges(byteLength), new Random(1));
    this.space = new PageTableWriter(this.memory, 4, 0x1ed);
  }

  /** What is in it now, as the project reads it. */
  async read(): Promise<VirtualMemory> {
    const bytes = Buffer.alloc(this.memory.byteLength);
    for (const [frame, page] of this.memory.pages) bytes.set(page, frame * PAGE);
    const image = await openImage(new BufferSource(bytes), 'raw');
    return VirtualMemory.through(new PhysicalMemory(image), physicalAddress(this.space.root), 4);
  }
}
