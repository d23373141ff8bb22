import { type PhysicalAddress, rootAddress } from '../address.js';
import type { Container, Fields } from '../source/reading/container.js';
import type { Architecture, ImageHints } from './image.js';

/** QEMU writes about 800 bytes per processor. */
const MAX_NOTE_BYTES = 8 << 20;
/** Two or three for each processor. */
const MAX_NOTES = 1 << 16;

export interface ElfNote {
  readonly owner: string;
  readonly type: number;
  readonly description: Fields;
}

/**
 * The notes of a PT_NOTE segment: {name size, description size, type}, name and description each padded to 4 bytes.
 * Notes after one that does not fit are ignored: they only carry hints.
 * @throws PoolTrackerError FORMAT_DAMAGED when the segment lies outside the file
 */
export async function readElfNotes(container: Container, offset: number, length: number): Promise<ElfNote[]> {
  const notes: ElfNote[] = [];
  const fields = await container.fields(offset, Math.min(length, MAX_NOTE_BYTES), 'the note segment');
  const end = fields.bytes.length;
  for (let at = 0; at + 12 <= end && notes.length < MAX_NOTES;) {
    const nameSize = fields.u32(at);
    const descriptionSize = fields.u32(at + 4);
    const description = at + 12 + padded(nameSize);
    const next = description + padded(descriptionSize);
    if (description + descriptionSize > end) break;
    notes.push({
      owner: fields.text(at + 12, nameSize),
      type: fields.u32(at + 8),
      description: fields.part(description, descriptionSize),
    });
    at = next;
  }
  return notes;
}

function padded(size: number): number {
  return Math.ceil(size / 4) * 4;
}

/** NT_PRSTATUS, one for each processor; on ARM64 another note of `CORE` holds its floating-point registers. */
const PRSTATUS = 1;

/** QEMUCPUState: version, size, 18 general registers, ten segments of 24 bytes, then CR0 to CR4. */
const QEMU_CPU_STATE = { version: 1, cr3: 8 + 18 * 8 + 10 * 24 + 3 * 8, smallest: 8 + 18 * 8 + 10 * 24 + 5 * 8 };

/** The page table root in one processor's `QEMU` note; null when paging was off or the note is of another kind. */
function pageTableRoot(note: ElfNote, architecture: Architecture | 'unknown'): PhysicalAddress | null {
  const state = note.description;
  if (state.bytes.length < QEMU_CPU_STATE.smallest || state.u32(0) !== QEMU_CPU_STATE.version) return null;
  const root = rootAddress(state.u64(QEMU_CPU_STATE.cr3), architecture);
  return root === 0 ? null : root;
}

/** Hints from the notes of QEMU's dumps (ELF and kdump): a `CORE` and, but for ARM64, a `QEMU` note per processor. */
export function processorHints(
  notes: readonly ElfNote[],
  architecture: Architecture | 'unknown',
): Pick<ImageHints, 'pageTableRoots' | 'processors'> {
  const states = notes.filter((note) => note.owner === 'QEMU' && note.type === 0);
  const processors = states.length || notes.filter(({ owner, type }) => owner === 'CORE' && type === PRSTATUS).length;
  const roots = new Map<PhysicalAddress, string>();
  states.forEach((note, index) => {
    const root = pageTableRoot(note, architecture);
    if (root !== null && !roots.has(root)) roots.set(root, `ELF note of processor ${index}`);
  });
  return {
    ...(roots.size > 0 && { pageTableRoots: [...roots].map(([address, from]) => ({ address, from })) }),
    ...(processors > 0 && { processors }),
  };
}
