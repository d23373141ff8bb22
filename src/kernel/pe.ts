/** A section of a PE image: addresses relative to the image's base, sizes in bytes. */
export interface PeSection {
  readonly name: string;
  readonly rva: number;
  readonly size: number;
  readonly writable: boolean;
  /** Where its bytes lie in a file, and how many. */
  readonly fileOffset: number;
  readonly fileSize: number;
}

/** A data directory: an address relative to the image's base, and its size in bytes. */
export interface PeDirectory {
  readonly rva: number;
  readonly size: number;
}

export interface PeHeader {
  /** IMAGE_FILE_MACHINE: 0x14C x86, 0x8664 x64, 0xAA64 ARM64. */
  readonly machine: number;
  readonly imageSize: number;
  /** TimeDateStamp: with the size, what tells two builds of a file apart. */
  readonly timeDateStamp: number;
  /** IMAGE_SUBSYSTEM: 1 native (drivers), 2 and 3 programs of user mode. */
  readonly subsystem: number;
  readonly sections: readonly PeSection[];
  /** The debug directory; null when there is none. */
  readonly debugDirectory: PeDirectory | null;
  /** The root of the resources; null when there are none. */
  readonly resources: PeDirectory | null;
}

/**
 * Optional headers by their magic numbers, PE32 and PE32+: offsets of the number of data directories and of the first of
 * them, behind addresses of 4 or 8 bytes.
 */
const OPTIONAL_HEADERS: Readonly<Record<number, { readonly count: number; readonly first: number }>> = {
  0x10b: { count: 92, first: 96 },
  0x20b: { count: 108, first: 112 },
};
const SECTION_WRITABLE = 0x80000000;
const RESOURCE_DIRECTORY = 2;
const DEBUG_DIRECTORY = 6;
const MAX_SECTIONS = 96;

export const SMALLEST_KERNEL = 1 << 20;
export const MAX_KERNEL = 1 << 26;

/**
 * The headers of a PE image, of 32 or 64 bits, at the start of a page, or null when they are not there. Sections that lie
 * outside the image are left out. (Microsoft PE/COFF specification.)
 */
export function decodePeHeader(page: Buffer): PeHeader | null {
  if (page.length < 0x1000 || page.readUInt16LE(0) !== 0x5a4d) return null;
  const pe = page.readUInt32LE(0x3c);
  if (pe < 0x40 || pe > 0x400 || page.readUInt32LE(pe) !== 0x4550) return null;
  const machine = page.readUInt16LE(pe + 4);
  const optional = pe + 24;
  const layout = OPTIONAL_HEADERS[page.readUInt16LE(optional)];
  if (layout === undefined) return null;
  const imageSize = page.readUInt32LE(optional + 56);
  const directories = page.readUInt32LE(optional + layout.count);
  const directory = (index: number, least: number): PeDirectory | null => {
    const entry = optional + layout.first + index * 8;
    const [rva, size] = [page.readUInt32LE(entry), page.readUInt32LE(entry + 4)];
    return directories > index && rva > 0 && size >= least && rva + size <= imageSize ? { rva, size } : null;
  };
  const debug = directory(DEBUG_DIRECTORY, 28);
  return {
    machine,
    imageSize,
    timeDateStamp: page.readUInt32LE(pe + 8),
    subsystem: page.readUInt16LE(optional + 68),
    sections: decodeSections(page, optional + page.readUInt16LE(pe + 20), page.readUInt16LE(pe + 6), imageSize),
    debugDirectory: debug === null ? null : { ...debug, size: Math.min(debug.size, 28 * 16) },
    resources: directory(RESOURCE_DIRECTORY, 16),
  };
}

function decodeSections(page: Buffer, table: number, count: number, imageSize: number): PeSection[] {
  const sections: PeSection[] = [];
  for (let index = 0; index < Math.min(count, MAX_SECTIONS); index++) {
    const header = table + index * 40;
    if (header + 40 > page.length) break;
    const size = page.readUInt32LE(header + 8);
    const rva = page.readUInt32LE(header + 12);
    if (rva + size > imageSize) continue;
    const name = page.toString('latin1', header, header + 8).replace(/\0.*$/s, '');
    sections.push({
      name,
      rva,
      size,
      writable: (page.readUInt32LE(header + 36) & SECTION_WRITABLE) !== 0,
      fileOffset: page.readUInt32LE(header + 20),
      fileSize: page.readUInt32LE(header + 16),
    });
  }
  return sections;
}

/** Identity of the PDB that an image was linked with, by which symbol files are found. */
export interface PdbIdentity {
  /** File name without its path, as `ntkrnlmp.pdb`. */
  readonly name: string;
  /** 32 upper-case hexadecimal digits. */
  readonly guid: string;
  /** Incremented each time the PDB is written again. */
  readonly age: number;
}

/** `RSDS` + GUID + age + a name of at least one character. */
export const RSDS_LENGTH = 24 + 2;
export const RSDS = 0x53445352;

/** ntkrnlmp x64, ARM64 and x86; ntkrla57 x64 with five levels of page tables; ntkrpamp and ntkrnlpa x86 with PAE. */
const KERNEL_PDBS = new Set(['ntkrnlmp.pdb', 'ntkrla57.pdb', 'ntoskrnl.pdb', 'ntkrpamp.pdb', 'ntkrnlpa.pdb']);

/** Whether a PDB of this name belongs to a Windows kernel. */
export function isKernelPdb(name: string): boolean {
  return KERNEL_PDBS.has(name.toLowerCase());
}

/** Decodes a CodeView 7.0 record (`RSDS`, GUID, age, zero-terminated name); null when the bytes are none. */
export function decodeCodeView(record: Buffer): PdbIdentity | null {
  if (record.length < RSDS_LENGTH || record.readUInt32LE(0) !== RSDS) return null;
  const end = record.indexOf(0, 24);
  if (end < 0 || end - 24 > 260) return null;
  const name = record.toString('latin1', 24, end);
  if (!/^[\x20-\x7e]+$/.test(name)) return null;
  return { name, guid: guidAt(record, 4), age: record.readUInt32LE(20) };
}

/** A GUID as symbol servers write it: three little-endian numbers, then eight bytes. */
export function guidAt(bytes: Buffer, at: number): string {
  const part = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
  const guid =
    part(bytes.readUInt32LE(at), 8) +
    part(bytes.readUInt16LE(at + 4), 4) +
    part(bytes.readUInt16LE(at + 6), 4) +
    bytes.toString('hex', at + 8, at + 16);
  return guid.toUpperCase();
}

/** Whether both are of one build of one program. */
export function isSamePdb(one: PdbIdentity, other: PdbIdentity): boolean {
  return one.guid === other.guid && one.age === other.age;
}
