import type { GeneratedMemory } from '../../generate/memory-plan.js';
import { padded, u16, u32 } from '../../encode/bytes.js';

const HEADER = 52;
const PROGRAM_HEADER = 32;
const SECTION = 40;

export interface Elf32Options {
  /** Zeroed ends of ranges are left out, as memsz greater than filesz tells. */
  readonly zeroTails?: boolean;
  /** The number of program headers stands in the first section header, as for more than 65,534 of them. */
  readonly countInSection?: boolean;
}

/** A 32-bit ELF core without notes. */
export function elf32Buffer({ memory }: GeneratedMemory, options: Elf32Options = {}): Buffer {
  const segments = [...memory.presentRanges()].map(([start, end]) => {
    const bytes = memory.read(start, end - start);
    let stored = bytes.length;
    if (options.zeroTails === true) while (stored > 0x1000 && bytes[stored - 1] === 0) stored--;
    return { start, length: bytes.length, bytes: bytes.subarray(0, stored) };
  });
  const sectionAt = HEADER + segments.length * PROGRAM_HEADER;
  let offset = sectionAt + SECTION;
  const headers = segments.map(({ start, length, bytes }) => {
    const header = Buffer.concat([1, offset, start, start, bytes.length, length, 7, 0].map(u32));
    offset += bytes.length;
    return header;
  });
  const counted = options.countInSection === true;
  const head = [
    padded('\x7fELF\x01\x01\x01', 16),
    u16(4),
    u16(3),
    u32(1),
    u32(0),
    u32(HEADER),
    u32(counted ? sectionAt : 0),
    u32(0),
    u16(HEADER),
  ];
  const counts = [
    u16(PROGRAM_HEADER),
    u16(counted ? 0xffff : segments.length),
    u16(SECTION),
    u16(counted ? 1 : 0),
    u16(0),
  ];
  const section = Buffer.alloc(SECTION);
  if (counted) section.set(u32(segments.length), 28);
  return Buffer.concat([...head, ...counts, ...headers, section, ...segments.map(({ bytes }) => bytes)]);
}
