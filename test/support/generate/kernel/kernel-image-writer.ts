import { variableSize, type KernelBuild } from './kernel-builds.js';
import { PAGE } from '../sparse-memory.js';

const READ_EXECUTE = 0x68000020;
const READ_ONLY = 0x48000040;
const READ_WRITE = 0xc8000040;
/** Variables farther apart than this lie in different sections. */
const SECTION_GAP = 0x40000;
const RDATA = 1;
const TEXT = 5;
/** Pages of code that are mapped; the rest counts as never touched. */
const TEXT_MAPPED = 4;

export interface Section {
  readonly name: string;
  /** Offset from the image's base and size, in bytes, whole pages. */
  readonly rva: number;
  readonly size: number;
  readonly characteristics: number;
}

export interface KernelImage {
  readonly sections: readonly Section[];
  /** SizeOfImage. */
  readonly size: number;
  /** Offset of the CodeView record. */
  readonly rsdsRva: number;
  /** Pages (index from the base) that a running system has mapped. */
  readonly mappedPages: readonly number[];
  /** Bytes to write, by offset from the base. */
  readonly parts: readonly { readonly rva: number; readonly bytes: Buffer }[];
}

/** Lays out a kernel's PE image: headers, debug directory, and sections around the build's variables. */
export function kernelImage(build: KernelBuild, base: bigint): KernelImage {
  const sections = planSections(build);
  const last = sections.at(-1);
  const size = last === undefined ? 0 : last.rva + last.size;
  const directoryRva = RDATA * PAGE + 0x120;
  const rsdsRva = RDATA * PAGE + 0x6f0;
  const mappedPages = [0];
  for (const section of sections) {
    const pages =
      section.characteristics === READ_EXECUTE ? Math.min(TEXT_MAPPED, section.size / PAGE) : section.size / PAGE;
    for (let page = 0; page < pages; page++) mappedPages.push(section.rva / PAGE + page);
  }
  const record = rsdsRecord(build);
  return {
    sections,
    size,
    rsdsRva,
    mappedPages,
    parts: [
      { rva: 0, bytes: header(build, sections, size, base, directoryRva) },
      { rva: directoryRva, bytes: debugDirectory(rsdsRva, record.length) },
      { rva: rsdsRva, bytes: record },
    ],
  };
}

/** CodeView record: `RSDS`, GUID (its first three fields little-endian), age, file name. */
export function rsdsRecord(build: Pick<KernelBuild, 'guid' | 'age' | 'pdb'>): Buffer {
  const guid = Buffer.from(build.guid, 'hex');
  guid.subarray(0, 4).reverse();
  guid.subarray(4, 6).reverse();
  guid.subarray(6, 8).reverse();
  const age = Buffer.alloc(4);
  age.writeUInt32LE(build.age);
  return Buffer.concat([Buffer.from('RSDS'), guid, age, Buffer.from(`${build.pdb}\0`)]);
}

function planSections(build: KernelBuild): Section[] {
  const extents = Object.entries(build.rva)
    .map(([name, rva]) => ({ name, start: rva, end: rva + variableSize(build, name) }))
    .sort((a, b) => a.start - b.start);
  const clusters: { names: string[]; start: number; end: number }[] = [];
  for (const { name, start, end } of extents) {
    const current = clusters.at(-1);
    if (current !== undefined && start - current.end <= SECTION_GAP) {
      current.end = Math.max(current.end, end);
      current.names.push(name);
    } else clusters.push({ names: [name], start, end });
  }
  const sections: Section[] = [
    { name: '.rdata', rva: RDATA * PAGE, size: (TEXT - RDATA) * PAGE, characteristics: READ_ONLY },
  ];
  let end = TEXT * PAGE;
  for (const cluster of clusters) {
    const rva = Math.floor(cluster.start / PAGE) * PAGE;
    const code = ['.text', 'PAGE', 'PAGELK', 'INIT'][
      sections.filter((section) => section.characteristics === READ_EXECUTE).length
    ];
    sections.push({ name: code ?? 'INIT', rva: end, size: rva - end, characteristics: READ_EXECUTE });
    end = Math.ceil(cluster.end / PAGE) * PAGE;
    const name = cluster.names.includes('PoolTrackTable')
      ? '.data'
      : cluster.names.every((one) => one === 'NtBuildLab')
        ? 'RODATA'
        : 'ALMOSTRO';
    sections.push({ name, rva, size: end - rva, characteristics: name === 'RODATA' ? READ_ONLY : READ_WRITE });
  }
  sections.push({ name: '.reloc', rva: end, size: PAGE, characteristics: 0x42000040 });
  return sections;
}

/** Fields that differ between PE32 and PE32+: offsets in the optional header, and its size. */
const PE32 = { magic: 0x10b, size: 0xe0, directories: 96 };
const PE32_PLUS = { magic: 0x20b, size: 0xf0, directories: 112 };
const MACHINE_CODES = { x64: 0x8664, x86: 0x14c, arm64: 0xaa64 } as const;

function header(
  { arch }: KernelBuild,
  sections: readonly Section[],
  size: number,
  base: bigint,
  directoryRva: number,
): Buffer {
  const form = arch === 'x86' ? PE32 : PE32_PLUS;
  const bytes = Buffer.alloc(PAGE);
  bytes.write('MZ', 0);
  bytes.writeUInt32LE(0x108, 0x3c);
  const pe = 0x108;
  bytes.write('PE\0\0', pe, 'latin1');
  bytes.writeUInt16LE(MACHINE_CODES[arch], pe + 4);
  bytes.writeUInt16LE(sections.length, pe + 6);
  bytes.writeUInt32LE(0x1c8a9bdd, pe + 8);
  bytes.writeUInt16LE(form.size, pe + 20);
  bytes.writeUInt16LE(0x22, pe + 22);
  const optional = pe + 24;
  bytes.writeUInt16LE(form.magic, optional);
  bytes.writeUInt32LE(TEXT * PAGE, optional + 20);
  if (form === PE32) bytes.writeUInt32LE(Number(base), optional + 28);
  else bytes.writeBigUInt64LE(base, optional + 24);
  bytes.writeUInt32LE(PAGE, optional + 32);
  bytes.writeUInt32LE(0x200, optional + 36);
  bytes.writeUInt16LE(10, optional + 40);
  bytes.writeUInt16LE(10, optional + 48);
  bytes.writeUInt32LE(size, optional + 56);
  bytes.writeUInt32LE(0x600, optional + 60);
  bytes.writeUInt16LE(1, optional + 68);
  bytes.writeUInt32LE(16, optional + form.directories - 4);
  bytes.writeUInt32LE(directoryRva, optional + form.directories + 6 * 8);
  bytes.writeUInt32LE(28, optional + form.directories + 6 * 8 + 4);
  for (const [i, section] of sections.entries()) {
    const at = optional + form.size + 40 * i;
    bytes.write(section.name, at, 'latin1');
    for (const [offset, value] of [
      [8, section.size],
      [12, section.rva],
      [16, section.size],
      [20, section.rva],
      [36, section.characteristics],
    ] as const) {
      bytes.writeUInt32LE(value, at + offset);
    }
  }
  return bytes;
}

/** IMAGE_DEBUG_DIRECTORY of type 2 (CodeView). */
function debugDirectory(rsdsRva: number, length: number): Buffer {
  const bytes = Buffer.alloc(28);
  for (const [offset, value] of [
    [4, 0x1c8a9bdd],
    [12, 2],
    [16, length],
    [20, rsdsRva],
    [24, rsdsRva],
  ] as const)
    bytes.writeUInt32LE(value, offset);
  return bytes;
}
