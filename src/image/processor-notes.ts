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

/**
 * QEMUCPUState: version, size, 18 general registers, ten segments of 24 bytes, each with its base last, then CR0 to CR4.
 * The last two segments are the tables of segments and of interrupts.
 */
const QEMU_CPU_STATE = {
  version: 1,
  segmentTable: 8 + 18 * 8 + 8 * 24 + 16,
  interruptTable: 8 + 18 * 8 + 9 * 24 + 16,
  cr0: 8 + 18 * 8 + 10 * 24,
  cr3: 8 + 18 * 8 + 10 * 24 + 3 * 8,
  smallest: 8 + 18 * 8 + 10 * 24 + 5 * 8,
};

const PAGING_ON = 1n << 31n;

function isCpuState({ owner, type, description }: ElfNote): boolean {
  return (
    owner === 'QEMU' &&
    type === 0 &&
    description.bytes.length >= QEMU_CPU_STATE.smallest &&
    description.u32(0) === QEMU_CPU_STATE.version
  );
}

/** Only a processor of 64 bits has its tables above 4 GiB, whatever mode the program is in that runs on it. */
function isWide({ description }: ElfNote): boolean {
  const { segmentTable, interruptTable } = QEMU_CPU_STATE;
  return [segmentTable, interruptTable].some((at) => description.u64(at) >= 1n << 32n);
}

/** Whether no system has started the processor yet. */
function isWaiting({ description }: ElfNote): boolean {
  const { cr0, cr3 } = QEMU_CPU_STATE;
  return description.u64(cr3) === 0n && (description.u64(cr0) & PAGING_ON) === 0n;
}

/**
 * Hints from the notes of QEMU's dumps (ELF and kdump): a `CORE` and, but for ARM64, a `QEMU` note per processor.
 * @param claimed what the dump's header says: QEMU writes the mode that processor 0 is in at the moment, so that a
 *   64-bit machine whose first processor is in a mode of 32 bits is one of x86 by its header
 */
export function processorHints(notes: readonly ElfNote[], claimed: Architecture | 'unknown'): ImageHints {
  const states = notes.filter(isCpuState);
  const architecture = claimed === 'x86' && states.some(isWide) ? 'x64' : claimed;
  const roots = new Map<PhysicalAddress, string>();
  states.forEach(({ description }, index) => {
    // The width of a register is another processor's in a header of x86.
    const register = description.u64(QEMU_CPU_STATE.cr3);
    const root = rootAddress(register, architecture === 'x86' ? 'unknown' : architecture);
    if (root !== 0 && !roots.has(root)) roots.set(root, `ELF note of processor ${index}`);
  });
  const started = states.filter((state) => !isWaiting(state)).length;
  const processors = started || notes.filter(({ owner, type }) => owner === 'CORE' && type === PRSTATUS).length;
  return {
    ...(architecture !== 'unknown' && { architecture }),
    ...(roots.size > 0 && { pageTableRoots: [...roots].map(([address, from]) => ({ address, from })) }),
    ...(processors > 0 && { processors }),
  };
}
