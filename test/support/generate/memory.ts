import { GUEST_BYTES, plantDecoys } from './tracker/decoys.js';
import { debuggerBlock, encodeDebuggerBlock, signExtended } from './kernel/kernel-debugger-block.js';
import { writeBigPages } from './objects/big-pages-writer.js';
import { realBuild, unknownBuild, type KernelBuild } from './kernel/kernel-builds.js';
import { mapKernel, placeKernel, writeNoise } from './kernel/kernel-placement.js';
import { fileTime, kuserSharedData } from './kernel/kuser-shared-data.js';
import { objectBuild } from './kernel/kernel-structures.js';
import { lowStub } from './kernel/low-stub.js';
import { type Machine, MACHINES } from './kernel/machine.js';
import { writeSessionPools } from './objects/session-pool-writer.js';
import { ObjectWriter } from './objects/object-writer.js';
import type { GeneratedMemory, MemoryPlan, MemoryTruth, TableTruth } from './memory-plan.js';
import { PageTableWriter, type PageKind } from './paging/page-table-writer.js';
import { Random } from './random.js';
import { PAGE, SparseMemory } from './sparse-memory.js';
import { losePages, plannedTables } from './tracker/planned-tables.js';
import type { EntrySize } from './tracker/tracker-layouts.js';
import { mergeTables, tableBytes, type TrackerTables } from './tracker/tracker-table-writer.js';

const MIB = 0x100000;
/** Root slots that the kernel image, KUSER_SHARED_DATA and the pool take. */
const ROOT_SLOTS = { kernel: 0x1f0, kuser: 0x1ef, pool: 0x111 };

/**
 * Memory of a Windows machine, made of nothing but the plan: page tables, kernel image, variables, pool tag tables.
 * @throws RangeError for a plan that cannot be: too little memory, equal keys
 */
export function generateMemory(plan: MemoryPlan = {}): GeneratedMemory {
  const random = new Random(plan.seed ?? 1);
  const kind = plan.pageTables ?? 'x64';
  const machine = MACHINES[kind];
  const build = withObjectVariables(chooseBuild(plan, random), plan);
  const entrySize = build.trackerEntry.size as EntrySize;
  const memory = new SparseMemory(plan.ramRanges ?? machine.ram(plan.memoryBytes ?? 64 * MIB), random);
  // Before all else: later there may be no such run left.
  const guestAt = plan.decoys?.includes('guest') === true ? memory.allocateRun(GUEST_BYTES / PAGE, 256) : 0;
  const kernel = placeKernel(memory, random, build, plan, machine);
  const space = new PageTableWriter(memory, kind, plan.selfMapIndex ?? freeRootSlot(random));
  mapKernel(memory, space, kernel);
  for (const part of kernel.image.parts) space.write(kernel.base + BigInt(part.rva), part.bytes);
  const variables = Object.fromEntries(
    Object.entries(build.rva).map(([name, rva]) => [name, kernel.base + BigInt(rva)]),
  );
  writeNoise(space, random, build, kernel, machine);

  const tracker = plannedTables(plan, random, entrySize);
  const { tables, expansion } = writeTables(memory, space, tracker, plan, machine);
  const at = (name: string): bigint => variables[name] ?? 0n;
  space.writePointer(at('PoolTrackTable'), tables[0]?.address ?? 0n);
  space.writePointer(at('PoolTrackTableSize'), BigInt(tracker.slots + 1));
  space.writePointer(at('PoolTrackTableMask'), BigInt(tracker.slots - 1));
  for (const [processor, table] of tables.entries())
    space.writePointer(at('ExPoolTagTables') + BigInt(processor * space.pointerSize), table.address);
  space.writePointer(at('PoolTrackTableExpansion'), expansion?.address ?? 0n);
  space.writePointer(at('PoolTrackTableExpansionSize'), BigInt(tracker.expansionSize));
  for (const head of ['PsActiveProcessHead', 'PsLoadedModuleList'])
    for (const link of [0, space.pointerSize]) space.writePointer(at(head) + BigInt(link), at(head));

  const [major = 10, minor = 0, number = 0] = build.version.split('.').map(Number);
  if (variables['NtBuildLab'] !== undefined)
    space.write(
      at('NtBuildLab'),
      Buffer.from(`${number}.1.${machine.arch === 'x64' ? 'amd64' : machine.arch}fre.generated.240901-1200\0`),
    );
  const systemTime = plan.systemTime ?? new Date('2024-09-01T12:00:00Z');
  space.map(machine.sharedData, memory.allocatePage());
  space.write(
    machine.sharedData,
    kuserSharedData({
      systemTime: fileTime(systemTime),
      upTime: 864000000000n,
      major,
      minor,
      build: number,
      processors: tables.length,
      // Page 0 is the firmware's: Windows does not count it.
      physicalPages: memory.ranges.reduce((sum, [start, end]) => sum + (end - start) / PAGE, 0) - 1,
      machine: machine.code,
    }),
  );
  const kdbg = writeDebuggerBlock(space, random, variables, kernel.base, number, plan.kdbg ?? 'plain');
  const stub = (plan.lowStub ?? true) && machine.arch === 'x64' ? memory.allocateLowPage() : null;
  if (stub !== null)
    memory.write(
      stub,
      lowStub({ kernelEntry: kernel.base + 0x5a30n, selfMap: 0xfffff7a000000000n + BigInt(stub), root: space.root }),
    );

  const merged = mergeTables(tracker);
  const generated = {
    memory,
    space,
    random,
    tracker,
    merged,
    variables,
    poolAt: machine.pool.decoys,
    sessionAt: machine.pool.session,
    guestAt,
    build,
  };
  const decoys = plantDecoys(
    plan.decoys ?? [],
    generated,
    (guest) => generateMemory({ ...guest, seed: (plan.seed ?? 1) + 1000 }).memory,
  );
  const objects =
    plan.processes === undefined
      ? null
      : new ObjectWriter(space, random, objectBuild(build), variables, machine.pool.objects).write(plan.processes);
  const bigPages =
    plan.bigPages === undefined
      ? []
      : writeBigPages(space, objectBuild(build), variables, plan.bigPages, machine.pool.bigPages);
  const sessionPools =
    plan.sessionPools === undefined || objects === null
      ? []
      : writeSessionPools(
          { memory, space, build: objectBuild(build), variables, entrySize, sessionAt: machine.pool.session },
          objects,
          plan.sessionPools,
        );
  const readable = losePages(memory, tracker, tables, plan);
  const truth: MemoryTruth = {
    build,
    entrySize,
    dtb: space.root,
    pageTables: kind,
    levels: space.format.levels.length,
    selfMapIndex: space.selfMapIndex,
    lowStub: stub,
    kernelBase: kernel.base,
    kernelSize: kernel.image.size,
    variables,
    kdbg,
    systemTime,
    tables,
    expansion,
    tracker,
    merged,
    readable,
    decoys,
    objects,
    bigPages,
    sessionPools,
  };
  return { memory, space, truth };
}

function chooseBuild(plan: MemoryPlan, random: Random): KernelBuild {
  const { build, pageTables = 'x64', layout } = plan;
  if (build !== undefined && build !== 'unknown') return build;
  const { arch } = MACHINES[pageTables];
  const entrySize = layout ?? (arch === 'x86' ? 28 : 56);
  return build === 'unknown' || arch !== 'x64' ? unknownBuild(random, entrySize, pageTables) : realBuild(entrySize);
}

/** The variables of the lists of objects, which the list of builds lacks. */
function withObjectVariables(build: KernelBuild, plan: MemoryPlan): KernelBuild {
  return plan.processes === undefined ? build : { ...build, rva: { ...build.rva, ...objectBuild(build).variables } };
}

function writeTables(
  memory: SparseMemory,
  space: PageTableWriter,
  tracker: TrackerTables,
  plan: MemoryPlan,
  { pool, large }: Machine,
): { tables: TableTruth[]; expansion: TableTruth | null } {
  const kindOf = (page: number): PageKind => (plan.transitionPages === true && page % 2 === 1 ? 'transition' : 'small');
  let next = pool.tables + 0x11000n;
  const place = (bytes: Buffer): TableTruth => {
    const address = next;
    const inARow = plan.tablePages === 'in-a-row' ? memory.allocateRun(Math.ceil(bytes.length / PAGE)) : undefined;
    const pages = space.mapFresh(address, bytes.length, kindOf, inARow);
    space.write(address, bytes);
    next += BigInt((pages.length + 1) * PAGE);
    return { address, pages };
  };
  const tables = tracker.entries.map((entries, processor) => {
    const bytes = tableBytes(tracker.entrySize, tracker.slots + 1, entries);
    if (processor > 0 || plan.largePages !== '2MiB') return place(bytes);
    const { span } = large['2MiB']!;
    const count = Math.ceil((bytes.length + 0x10000) / span);
    const physical = memory.allocateRun((count * span) / PAGE, span / PAGE);
    for (let i = 0; i < count; i++) space.map(pool.large + BigInt(i * span), physical + i * span, 'large');
    space.write(pool.large + 0x10000n, bytes);
    return {
      address: pool.large + 0x10000n,
      pages: Array.from({ length: Math.ceil(bytes.length / PAGE) }, (_, page) => physical + 0x10000 + page * PAGE),
    };
  });
  const expansion =
    tracker.expansionSize === 0 ? null : place(tableBytes(tracker.entrySize, tracker.expansionSize, tracker.expansion));
  return { tables, expansion };
}

function writeDebuggerBlock(
  space: PageTableWriter,
  random: Random,
  variables: Readonly<Record<string, bigint>>,
  kernelBase: bigint,
  build: number,
  kind: 'plain' | 'encoded' | 'absent',
): MemoryTruth['kdbg'] {
  const at = (name: string): bigint => variables[name] ?? 0n;
  if (kind === 'absent') return null;
  const size = build >= 19041 ? 0x380 : build >= 14393 ? 0x368 : build >= 9600 ? 0x360 : 0x340;
  const plain = debuggerBlock(
    {
      size,
      kernelBase,
      listHead: at('PsLoadedModuleList') - 0x20n,
      psLoadedModuleList: at('PsLoadedModuleList'),
      psActiveProcessHead: at('PsActiveProcessHead'),
      pspCidTable: at('PspCidTable'),
      poolTrackTable: at('PoolTrackTable'),
      ntBuildLab: at('NtBuildLab'),
    },
    space.pointerSize,
  );
  const keys = {
    waitNever: random.u64(),
    waitAlways: random.u64(),
    dataBlockEncoded: signExtended(at('KdpDataBlockEncoded'), space.pointerSize),
  };
  space.writeU64(at('KiWaitNever'), keys.waitNever);
  space.writeU64(at('KiWaitAlways'), keys.waitAlways);
  space.write(at('KdpDataBlockEncoded'), Buffer.from([kind === 'encoded' ? 1 : 0]));
  space.write(at('KdDebuggerDataBlock'), kind === 'encoded' ? encodeDebuggerBlock(plain, keys) : plain);
  return { address: at('KdDebuggerDataBlock'), encoded: kind === 'encoded' };
}

function freeRootSlot(random: Random): number {
  const taken = [...Object.values(ROOT_SLOTS), 0x1ff];
  for (;;) {
    const slot = 0x100 + random.below(0x100);
    if (!taken.includes(slot)) return slot;
  }
}
