import type { Container } from '../source/reading/container.js';
import type { Fields } from './fields.js';

/** QEMU writes about 800 bytes for each processor. */
const MOST_NOTE_BYTES = 8 << 20;

export interface ElfNote {
  readonly owner: string;
  readonly type: number;
  readonly description: Fields;
}

/**
 * The notes of a PT_NOTE segment: {name size, description size, type}, name and description each padded to 4 bytes.
 * Notes behind one that does not fit are left out: they only carry hints.
 * @throws PoolTrackerError FORMAT_DAMAGED when the segment lies outside the file
 */
export async function readElfNotes(container: Container, offset: number, length: number): Promise<ElfNote[]> {
  const notes: ElfNote[] = [];
  const fields = await container.fields(offset, Math.min(length, MOST_NOTE_BYTES), 'the note segment');
  const end = fields.bytes.length;
  for (let at = 0; at + 12 <= end; ) {
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
