import type { Kernel } from '../root/root.js';
import { buildFamily, familyStructures, type Structures } from '../symbols/symbols.js';

/** Windows 10 1903 and 1909: of their symbol files only what the list of known builds has of EPROCESS. */
const WINDOWS_10_1903: Structures = {
  eprocess: {
    size: 2176,
    UniqueProcessId: 744,
    ActiveProcessLinks: 752,
    CreateTime: 784,
    InheritedFromUniqueProcessId: 1000,
    Session: 1024,
    ObjectTable: 1048,
    ImageFileName: 1104,
    ExitTime: 1728,
  },
  kprocess: { DirectoryTableBase: 40 },
};

/** Windows 11 24H2 and 25H2, where fields of EPROCESS moved; from public lists of offsets. */
const WINDOWS_11_24H2: Structures = {
  eprocess: {
    size: 0x840,
    UniqueProcessId: 0x1d0,
    ActiveProcessLinks: 0x1d8,
    CreateTime: 0x1f8,
    Token: 0x248,
    InheritedFromUniqueProcessId: 0x2d0,
    Session: 0x2e8,
    ObjectTable: 0x300,
    ImageFileName: 0x338,
    ThreadListHead: 0x370,
    ActiveThreads: 0x380,
    ExitTime: 0x5c0,
  },
  kprocess: { DirectoryTableBase: 0x28 },
};

/** Builds whose tables are not in the file of families, which is made from symbol files. */
const FURTHER: Readonly<Record<string, Structures>> = {
  '10.0.18362': WINDOWS_10_1903,
  '10.0.26100': WINDOWS_11_24H2,
};

/** Builds that run the kernel of another one, or of which the service pack's is known. */
const SAME_KERNEL: readonly (readonly [first: number, last: number, build: number])[] = [
  [18363, 18363, 18362],
  [19042, 19045, 19041],
  [26200, 26200, 26100],
];

/** Windows 7 and 8.1 do not tell their builds in the shared page: of these versions one table each is known. */
const BUILD_OF_VERSION: Readonly<Record<string, number>> = { '6.1': 7601, '6.3': 9600 };

const X64 = 0x8664;

/**
 * The structures that are known of a kernel by its version and build alone. They are a claim to be held against the
 * image. Null for a build that is in no table, and for other architectures than x64.
 */
export async function tableOfBuild({ sharedData, image }: Kernel): Promise<Structures | null> {
  const { majorVersion, minorVersion } = sharedData;
  if (image.header.machine !== X64) return null;
  const build = sharedData.build || BUILD_OF_VERSION[`${majorVersion}.${minorVersion}`];
  if (build === undefined) return null;
  const base = SAME_KERNEL.find(([first, last]) => build >= first && build <= last)?.[2] ?? build;
  const family = buildFamily(`${majorVersion}.${minorVersion}.${base}`);
  const structures = FURTHER[family] ?? (await familyStructures(family));
  return Object.keys(structures).length > 0 ? structures : null;
}
