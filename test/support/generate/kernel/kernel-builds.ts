import { readFileSync } from 'node:fs';
import type { Random } from '../random.js';
import { PAGE } from '../sparse-memory.js';
import type { EntrySize } from '../tracker/tracker-layouts.js';

/** What the generator needs of a kernel build; the shape of an entry in the project's list of known builds. */
export interface KernelBuild {
  readonly version: string;
  readonly pdb: string;
  /** 32 hexadecimal digits as symbol servers write them. */
  readonly guid: string;
  readonly age: number;
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

/** The real build with this entry layout. */
export function realBuild(entrySize: EntrySize): KernelBuild {
  const build = REAL_BUILDS.find((candidate) => candidate.trackerEntry.size === entrySize);
  if (build === undefined)
    throw new RangeError(`no real x64 build has entries of ${entrySize} bytes; 40, 56 and 80 exist`);
  return build;
}

/** Bytes of the variables that are larger than a pointer. */
const VARIABLE_SIZE: Readonly<Record<string, number>> = {
  ObTypeIndexTable: 0x100,
  KdDebuggerDataBlock: 0x380,
  NtBuildLab: 0x40,
  PsActiveProcessHead: 16,
  PsLoadedModuleList: 16,
};

/** Bytes that a variable takes in the image. */
export function variableSize(build: KernelBuild, name: string): number {
  return name === 'ExPoolTagTables' ? build.tagTablesCapacity * 8 : (VARIABLE_SIZE[name] ?? 8);
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

/** A build that nobody has symbols for: a random GUID, the variables in random order at random places in .data. */
export function unknownBuild(random: Random, entrySize: EntrySize): KernelBuild {
  const like = realBuild(entrySize);
  const build = {
    ...like,
    guid: random.bytes(16).toString('hex').toUpperCase(),
    tagTablesCapacity: random.pick([64, 256, 640, 1280, 2048]),
  };
  const shuffled = (names: readonly string[]): string[] =>
    names
      .map((name) => ({ name, order: random.u32() }))
      .sort((a, b) => a.order - b.order)
      .map(({ name }) => name);
  const inGap = shuffled(Object.keys(like.rva).filter((name) => BESIDE_TAG_TABLES.includes(name)));
  const others = Object.keys(like.rva).filter((name) => !BESIDE_TAG_TABLES.includes(name));
  const rva: Record<string, number> = {};
  let at = 0x180 * PAGE + 8 * random.below(PAGE / 8);
  for (const name of shuffled(others)) {
    // Variables of the tables lie close before or after ExPoolTagTables in every build, in any order.
    const before = name === 'ExPoolTagTables' ? random.below(inGap.length + 1) : 0;
    const cluster = name === 'ExPoolTagTables' ? [...inGap.slice(0, before), name, ...inGap.slice(before)] : [name];
    for (const one of cluster) {
      rva[one] = at;
      at += Math.ceil(variableSize(build, one) / 8) * 8 + 8 * random.below(3);
    }
    at += 8 * random.below(0x200);
  }
  return { ...build, rva };
}
