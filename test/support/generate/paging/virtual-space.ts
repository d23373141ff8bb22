import { VirtualMemory } from '../../../../src/memory/virtual-memory.js';
import { PAGINGS, type Paging } from '../../../../src/memory/paging/paging.js';
import { PhysicalMemory } from '../../../../src/memory/physical-memory.js';
import { physicalAddress } from '../../../../src/address.js';
import { openImage } from '../../../../src/image/formats.js';
import { BufferSource } from '../../sources/buffer-source.js';
import { PageTableWriter } from './page-table-writer.js';
import { Random } from '../random.js';
import { PAGE, pcRanges, SparseMemory } from '../sparse-memory.js';
import type { TableKind } from './table-formats.js';

/** The project's reader of a kind of page tables. */
export function pagingOf(kind: TableKind): Paging {
  const [name, levels] = kind === 'x64-la57' ? ['x64', 5] : [kind, undefined];
  return PAGINGS.find((paging) => paging.name === name && (levels === undefined || paging.levels === levels))!;
}

/** An address space with nothing in it but its own page tables. */
export class VirtualSpace {
  readonly memory: SparseMemory;
  readonly space: PageTableWriter;

  constructor(
    byteLength = 16 * 2 ** 20,
    readonly kind: TableKind = 'x64',
  ) {
    this.memory = new SparseMemory(pcRanges(byteLength), new Random(1));
    this.space = new PageTableWriter(this.memory, kind, 0x1ed);
  }

  /** What is in it now, as the project reads it. */
  async read(build: number | null = null): Promise<VirtualMemory> {
    const bytes = Buffer.alloc(this.memory.byteLength);
    for (const [frame, page] of this.memory.pages) bytes.set(page, frame * PAGE);
    const image = await openImage(new BufferSource(bytes), 'raw');
    return VirtualMemory.through(
      new PhysicalMemory(image),
      physicalAddress(this.space.root),
      pagingOf(this.kind),
      build,
    );
  }
}
