import { readFileSync } from 'node:fs';
import type { Random } from '../random.js';
import { PAGE } from '../sparse-memory.js';
import type { TableKind } from '../paging/page-table-writer.js';
import type { EntrySize } from '../tracker/tracker-layouts.js';
import { MACHINES } from './machine.js';

/** What the generator needs of a kernel build; the shape of an entry in the project's list of known builds. */
export interface KernelBuild {
  readonly version: string;
  readonly pdb: string;
  /** 32 hexadecimal digits as symbol servers write them. */
  readonly guid: string;
  readonly age: number;
  readonly arch: 'x64' | 'x86' | 'arm64';
  readonly trackerEntry: { readonly size: number };
  /** Upper bound of elements in ExPoolTagTables. */
  readonly tagTablesCapacity: number;
  /** Offset of each variable from the kernel's base. */
  readonly rva: Readonly<Record<string, number>>;
}

/** Three real builds, one per x64 layout: 10.0.14393 (40), 10.0.17763 (56), 10.0.22000 (80). */
export const REAL_BUILDS: readonly KernelBuild[] = JSON.parse(
  readFileSync(new URL('builds.json', import.meta.url), 'utf8'),
) as KernelBuild[];

/** The real x64 build with this entry layout. */
export function realBuild(entrySize: EntrySize): KernelBuild {
  const build = REAL_BUILDS.find((candidate) => candidate.trackerEntry.size === entrySize);
  if (build === undefined)
    throw new RangeError(`no real x64 build has entries of ${entrySize} bytes; 40, 56 and 80 exist`);
  return build;
}

/** Bytes of the variables that are no pointers or of a pointer's size. */
const VARIABLE_SIZE: Readonly<Record<string, number>> = {
  ObTypeIndexTable: 0x100,
  KdDebuggerDataBlock: 0x380,
  NtBuildLab: 0x40,
  KiWaitNever: 8,
  KiWaitAlways: 8,
};

/** The heads of lists have two pointers. */
const LIST_HEADS = ['PsActiveProcessHead', 'PsLoadedModuleList'];

/** Bytes of a build's pointers. */
export function pointerSizeOf({ arch }: Pick<KernelBuild, 'arch'>): 4 | 8 {
  return arch === 'x86' ? 4 : 8;
}

/** Bytes that a variable takes in the image. */
export function variableSize(build: KernelBuild, name: string): number {
  const pointer = pointerSizeOf(build);
  if (name === 'ExPoolTagTables') return build.tagTablesCapacity * pointer;
  return VARIABLE_SIZE[name] ?? (LIST_HEADS.includes(name) ? 2 * pointer : pointer);
}

const BESIDE_TAG_TABLES = [
  'PoolTrackTable',
  'PoolTrackTableMask',
  'PoolTrackTableSize',
  'PoolTrackTableExpansion',
  'PoolTrackTableExpansionSize',
  'PoolBigPageTable',
  'PoolBigPageTableSize',
];

/** Of made-up builds: the version that has an entry layout on x86, and the x64 layout whose variables it has. */
const X86_BUILDS: Readonly<Record<number, { readonly version: string; readonly like: EntrySize }>> = {
  28: { version: '6.1.7601.24540', like: 40 },
  48: { version: '10.0.17763.3770', like: 56 },
  64: { version: '10.0.21292.1000', like: 56 },
};

/** What a build that nobody has symbols for has in common with real ones. */
function modelOf(entrySize: EntrySize, kind: TableKind): KernelBuild {
  const { arch } = MACHINES[kind];
  if (arch !== 'x86') {
    const real = realBuild(entrySize);
    return { ...real, arch, pdb: kind === 'x64-la57' ? 'ntkrla57.pdb' : real.pdb };
  }
  const old = X86_BUILDS[entrySize];
  if (old === undefined) throw new RangeError(`no x86 build has entries of ${entrySize} bytes; 28, 48 and 64 exist`);
  return {
    ...realBuild(old.like),
    arch,
    version: old.version,
    pdb: kind === 'x86' ? 'ntkrnlmp.pdb' : 'ntkrpamp.pdb',
    trackerEntry: { size: entrySize },
  };
}

/** A build that nobody has symbols for: a random GUID, the variables in random order at random places in .data. */
export function unknownBuild(random: Random, entrySize: EntrySize, kind: TableKind = 'x64'): KernelBuild {
  const like = modelOf(entrySize, kind);
  const unit = pointerSizeOf(like);
  const build = {
    ...like,
    guid: random.bytes(16).toString('hex').toUpperCase(),
    tagTablesCapacity: random.pick(unit === 4 ? [32] : [64, 256, 640, 1280, 2048]),
  };
  const shuffled = (names: readonly string[]): string[] =>
    names
      .map((name) => ({ name, order: random.u32() }))
      .sort((a, b) => a.order - b.order)
      .map(({ name }) => name);
  const inGap = shuffled(Object.keys(like.rva).filter((name) => BESIDE_TAG_TABLES.includes(name)));
  const others = Object.keys(like.rva).filter((name) => !BESIDE_TAG_TABLES.includes(name));
  const rva: Record<string, number> = {};
  let at = 0x180 * PAGE + unit * random.below(PAGE / unit);
  for (const name of shuffled(others)) {
    // Variables of the tables lie close before or after ExPoolTagTables in every build, in any order.
    const before = name === 'ExPoolTagTables' ? random.below(inGap.length + 1) : 0;
    const cluster = name === 'ExPoolTagTables' ? [...inGap.slice(0, before), name, ...inGap.slice(before)] : [name];
    for (const one of cluster) {
      rva[one] = at;
      at += Math.ceil(variableSize(build, one) / unit) * unit + unit * random.below(3);
    }
    at += unit * random.below(0x200);
  }
  return { ...build, rva };
}
