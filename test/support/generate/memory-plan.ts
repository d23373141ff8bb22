import type { KernelBuild } from './kernel/kernel-builds.js';
import type {
  BigPagePlan,
  BigPageTruth,
  ObjectTruth,
  ProcessPlan,
  SessionPoolPlan,
  SessionPoolTruth,
} from './objects/object-plan.js';
import type { PageTableWriter, TableKind } from './paging/page-table-writer.js';
import type { RamRange, SparseMemory } from './sparse-memory.js';
import type { EntrySize } from './tracker/tracker-layouts.js';
import type { MergedEntry, TagPlan, TrackerTables } from './tracker/tracker-table-writer.js';

/** Things in memory that look like what a finder searches for, and are not. */
export const DECOYS = [
  /** An older start-up stub below 1 MiB whose CR3 names a page that is no root any more. */
  'staleLowStub',
  /** A root with a self reference of its own that maps no KUSER_SHARED_DATA. */
  'foreignRoot',
  /** A user process's root: a good one, but not the System process's. */
  'processRoot',
  /** Copies of the merged table as ExGetPoolTagInfo leaves them: one freed and unmapped, one in mapped pool. */
  'snapshot',
  /** An old table in mapped pool, half overwritten. */
  'freedTable',
  /** A kernel header and RSDS record of another build in the file cache. */
  'otherRsds',
  /** The session pool's table, with its variable when the build has one. */
  'sessionTable',
  /** Another Windows inside: a virtual machine's memory, with every structure of its own. Takes 16 MiB. */
  'guest',
] as const;
export type Decoy = (typeof DECOYS)[number];

/** What to generate. Everything has a default; the same plan gives the same bytes. */
export interface MemoryPlan {
  readonly seed?: number;
  /** Entry size, one that the architecture has: 40, 56, 80, on x86 28, 48, 64; 56 or 28 unless `build` says otherwise. */
  readonly layout?: EntrySize;
  /** N, a power of two, 64 or more; 512. */
  readonly tableSlots?: number;
  /** 2. */
  readonly processors?: number;
  /** RAM in bytes; 64 MiB. Over 3 GiB there is a PCI hole. */
  readonly memoryBytes?: number;
  /** RAM as it lies, in place of memoryBytes. */
  readonly ramRanges?: readonly RamRange[];
  /** Explicit tags; else `tagCount` generated ones. */
  readonly tags?: readonly TagPlan[];
  /** 200; more than fit spill into the expansion table. */
  readonly tagCount?: number;
  /** Whether table 0 begins with the 64 tags that real kernels enter first; false. */
  readonly seeded?: boolean;
  /** Entries of the expansion table; as many as spill and a few more. A smaller one makes the overflow slot be used. */
  readonly expansionSize?: number;
  /**
   * The real build of the layout; `unknown` makes up a GUID and the places of the variables, as is always done but for
   * x64.
   */
  readonly build?: KernelBuild | 'unknown';
  /** `x64`. */
  readonly pageTables?: TableKind;
  /**
   * The kernel and processor 0's table in pages of 2 MiB (4 MiB on x86 without PAE), or the kernel in a 1 GiB page;
   * false: 4 KiB pages.
   */
  readonly largePages?: false | '2MiB' | '1GiB';
  /**
   * Where the pages of each table lie: anywhere, each for itself (`apart`, the default), or one behind the other
   * (`in-a-row`), as those of the running kernels do whose tables are known: ReactOS's for i386 and amd64.
   */
  readonly tablePages?: 'apart' | 'in-a-row';
  /** Every other page of the tables is mapped by a transition entry. */
  readonly transitionPages?: boolean;
  /** True on x64; other machines have none. */
  readonly lowStub?: boolean;
  /** Slot of the root's self reference, 0x100 to 0x1FF, where it is not fixed (x86); random. */
  readonly selfMapIndex?: number;
  /** `plain`. */
  readonly kdbg?: 'plain' | 'encoded' | 'absent';
  readonly decoys?: readonly Decoy[];
  /** Table pages to lose, by processor and index in its table. */
  readonly missingPages?: readonly { readonly processor: number; readonly page: number }[];
  /** When the image was taken; 2024-09-01T12:00:00Z. */
  readonly systemTime?: Date;
  /** Processes with their threads, tokens, handles and sessions; the build's structures must be known. */
  readonly processes?: readonly ProcessPlan[];
  /** Pool tags of sessions that the processes are in. */
  readonly sessionPools?: readonly SessionPoolPlan[];
  /** Allocations of a page or more, in the order of their slots. */
  readonly bigPages?: readonly BigPagePlan[];
}

export interface TableTruth {
  readonly address: bigint;
  /** Physical address of each page, in order. */
  readonly pages: readonly number[];
}

/** What a finder should find. Virtual addresses are bigints, physical ones numbers. */
export interface MemoryTruth {
  readonly build: KernelBuild;
  readonly entrySize: EntrySize;
  /** The root of the page tables. */
  readonly dtb: number;
  readonly pageTables: TableKind;
  readonly levels: number;
  readonly selfMapIndex: number;
  readonly lowStub: number | null;
  readonly kernelBase: bigint;
  readonly kernelSize: number;
  /** Virtual address of each variable. */
  readonly variables: Readonly<Record<string, bigint>>;
  readonly kdbg: { readonly address: bigint; readonly encoded: boolean } | null;
  readonly systemTime: Date;
  /** By processor. */
  readonly tables: readonly TableTruth[];
  readonly expansion: TableTruth | null;
  /** Every entry, as written. */
  readonly tracker: TrackerTables;
  /** Totals as the kernel would report them. */
  readonly merged: readonly MergedEntry[];
  /** Totals of what is not lost; differs from `merged` only with missing pages. */
  readonly readable: readonly MergedEntry[];
  /** Null unless processes were planned. */
  readonly objects: ObjectTruth | null;
  readonly bigPages: readonly BigPageTruth[];
  readonly sessionPools: readonly SessionPoolTruth[];
  readonly decoys: readonly { readonly kind: Decoy; readonly addresses: readonly number[] }[];
}

export interface GeneratedMemory {
  readonly memory: SparseMemory;
  /** Writes and reads at virtual addresses: to damage what was generated. */
  readonly space: PageTableWriter;
  readonly truth: MemoryTruth;
}
