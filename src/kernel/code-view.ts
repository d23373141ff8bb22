/** Identity of the PDB that an image was linked with: what symbol files are found by. */
export interface PdbIdentity {
  readonly name: string;
  /** 32 upper-case hexadecimal digits. */
  readonly guid: string;
  readonly age: number;
}

/** `RSDS` + GUID + age + a name of at least one character. */
export const RSDS_LENGTH = 24 + 2;
export const RSDS = 0x53445352;

const KERNEL_PDBS = new Set(['ntkrnlmp.pdb', 'ntoskrnl.pdb', 'ntkrpamp.pdb', 'ntkrnlpa.pdb']);

/** Whether a PDB of this name belongs to a Windows kernel. */
export function isKernelPdb(name: string): boolean {
  return KERNEL_PDBS.has(name.toLowerCase());
}

/** Decodes a CodeView 7.0 record (`RSDS`, GUID, age, zero-terminated name); null when it is none. */
export function decodeCodeView(record: Buffer): PdbIdentity | null {
  if (record.length < RSDS_LENGTH || record.readUInt32LE(0) !== RSDS) return null;
  const end = record.indexOf(0, 24);
  if (end < 0 || end - 24 > 260) return null;
  const name = record.toString('latin1', 24, end);
  if (!/^[\x20-\x7e]+$/.test(name)) return null;
  const part = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
  const guid = part(record.readUInt32LE(4), 8) + part(record.readUInt16LE(8), 4) + part(record.readUInt16LE(10), 4)
    + record.toString('hex', 12, 20);
  return { name, guid: guid.toUpperCase(), age: record.readUInt32LE(20) };
}
