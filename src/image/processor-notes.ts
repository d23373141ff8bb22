import { physicalAddress, type PhysicalAddress } from '../address.js';
import type { ElfNote } from './elf-notes.js';
import type { ImageHints } from './image.js';

/** QEMUCPUState: version, size, 18 general registers, ten segments of 24 bytes, then CR0 to CR4. */
const QEMU_CPU_STATE = { version: 1, cr3: 8 + 18 * 8 + 10 * 24 + 3 * 8, smallest: 8 + 18 * 8 + 10 * 24 + 5 * 8 };

const CR3_ADDRESS = 0x000f_ffff_ffff_f000n;

/** What a `QEMU` note says of one processor's page table root; null when paging was off or the note is of another kind. */
function pageTableRoot(note: ElfNote): PhysicalAddress | null {
  const state = note.description;
  if (state.bytes.length < QEMU_CPU_STATE.smallest || state.u32(0) !== QEMU_CPU_STATE.version) return null;
  const root = Number(state.u64(QEMU_CPU_STATE.cr3) & CR3_ADDRESS);
  return root === 0 ? null : physicalAddress(root);
}

/** What the notes of QEMU's dumps (ELF and kdump) say: a `CORE` and a `QEMU` note for each processor. */
export function processorHints(notes: readonly ElfNote[]): Pick<ImageHints, 'pageTableRoots' | 'processors'> {
  const states = notes.filter((note) => note.owner === 'QEMU' && note.type === 0);
  const processors = states.length || notes.filter((note) => note.owner === 'CORE').length;
  const roots = new Map<PhysicalAddress, string>();
  states.forEach((note, index) => {
    const root = pageTableRoot(note);
    if (root !== null && !roots.has(root)) roots.set(root, `ELF note of processor ${index}`);
  });
  return {
    ...(roots.size > 0 && { pageTableRoots: [...roots].map(([address, from]) => ({ address, from })) }),
    ...(processors > 0 && { processors }),
  };
}
