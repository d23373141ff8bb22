import { physicalAddress, type PhysicalAddress } from '../address.js';
import { ClippedRuns, type FinishedRuns } from './clipped-runs.js';
import { Container } from './container.js';
import { ElfHeader, isElfCore, PT_LOAD, PT_NOTE, type ElfSegment } from './elf-header.js';
import { readElfNotes, type ElfNote } from './elf-notes.js';
import type { ImageFormat } from './image-format.js';
import type { Architecture, ImageHints } from './memory-image.js';

const ARCHITECTURES: Readonly<Record<number, Architecture>> = { 3: 'x86', 62: 'x64', 183: 'arm64' };

/** QEMUCPUState: version, size, 18 general registers, ten segments of 24 bytes, then CR0 to CR4. */
const QEMU_CPU_STATE = { version: 1, cr3: 8 + 18 * 8 + 10 * 24 + 3 * 8, smallest: 8 + 18 * 8 + 10 * 24 + 5 * 8 };

const CR3_ADDRESS = 0x000f_ffff_ffff_f000n;

/** What a `QEMU` note says of one processor's page table root; null when paging was off or the note is of another kind. */
function pageTableRoot(note: ElfNote): PhysicalAddress | null {
  const state = note.description;
  if (note.owner !== 'QEMU' || note.type !== 0 || state.bytes.length < QEMU_CPU_STATE.smallest) return null;
  if (state.u32(0) !== QEMU_CPU_STATE.version) return null;
  const root = Number(state.u64(QEMU_CPU_STATE.cr3) & CR3_ADDRESS);
  return root === 0 ? null : physicalAddress(root);
}

function hintsOf(header: ElfHeader, notes: readonly ElfNote[]): ImageHints {
  const states = notes.filter((note) => note.owner === 'QEMU' && note.type === 0);
  const processors = states.length || notes.filter((note) => note.owner === 'CORE').length;
  const roots = new Map<PhysicalAddress, string>();
  states.forEach((note, index) => {
    const root = pageTableRoot(note);
    if (root !== null && !roots.has(root)) roots.set(root, `ELF note of processor ${index}`);
  });
  const architecture = ARCHITECTURES[header.machine];
  return {
    ...(architecture && { architecture }),
    ...(roots.size > 0 && { pageTableRoots: [...roots].map(([address, from]) => ({ address, from })) }),
    ...(processors > 0 && { processors }),
  };
}

/** Some writers leave every p_paddr 0; then p_vaddr is the physical address. */
function addressesAreVirtual(loads: readonly ElfSegment[]): boolean {
  return loads.length > 1 && loads.every((load) => load.physicalAddress === 0);
}

function runsOf(container: Container, loads: readonly ElfSegment[]): FinishedRuns {
  const runs = new ClippedRuns(container);
  const virtual = addressesAreVirtual(loads);
  for (const load of loads) {
    runs.add(virtual ? load.virtualAddress : load.physicalAddress, load.fileSize, load.offset);
  }
  return runs.finish();
}

/** ELF cores of a whole machine, as QEMU, libvirt and VirtualBox write them: a PT_LOAD segment for each block of memory. */
export const elfCore: ImageFormat = {
  name: 'elf-core',
  title: 'ELF core of a virtual machine (QEMU, libvirt, VirtualBox)',
  probe: isElfCore,
  async open(source) {
    const container = new Container(source, 'ELF core');
    const header = await ElfHeader.read(container);
    const segments = await header.segments();
    const loads = segments.filter((segment) => segment.type === PT_LOAD && segment.fileSize > 0);
    const notes: ElfNote[] = [];
    for (const segment of segments) {
      if (segment.type === PT_NOTE) notes.push(...(await readElfNotes(container, segment.offset, segment.fileSize)));
    }
    const { runs, warnings } = runsOf(container, loads);
    return { format: 'elf-core', source, runs, hints: hintsOf(header, notes), warnings };
  },
};
