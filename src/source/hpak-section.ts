import type { Fields } from './reading/container.js';

/** Where the first section's header is, behind the file's own. */
export const FIRST_HPAK_SECTION = 0x20;
/** Length of a section's header. */
export const HPAK_SECTION = 0xe0;
/** More sections than FastDump writes: memory, page file, notes. */
export const MAX_HPAK_SECTIONS = 1024;

const MEMORY = 'HPAKSECTHPAK_SECTION_PHYSDUMP';
export const NO_HPAK_MEMORY = `it has no section ${MEMORY}`;

/** A section of an HPAK file, as Volatility 2's hpak.py has it. */
export interface HpakSection {
  readonly isMemory: boolean;
  /** Whether its data are one gzip stream. */
  readonly isCompressed: boolean;
  /** Where the next section's header is; 0 behind the last one. */
  next(): number;
  /** Length of its data once they are unpacked, and where they are in the file. */
  length(): number;
  offset(): number;
}

export function isHpak(head: Uint8Array): boolean {
  return Buffer.from(head.subarray(0, 4)).toString('latin1') === 'HPAK';
}

/** What a section's header says; each number throws PoolTrackerError FORMAT_DAMAGED where it is none. */
export function hpakSection(header: Fields): HpakSection {
  return {
    isMemory: header.text(0, 32) === MEMORY,
    isCompressed: header.u32(0x8c) !== 0,
    next: () => header.size(0xb0, "the next section's offset"),
    length: () => header.size(0x98, 'the length of memory'),
    offset: () => header.size(0xa8, 'the offset of memory'),
  };
}
