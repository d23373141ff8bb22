/**
 * Makes the sample images: `npx tsx samples/make.ts`, from the generator that the tests use.
 * README.md tells what each shows.
 */
import { writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { generateMemory } from '../test/support/generate/memory.js';
import type { GeneratedMemory, MemoryPlan } from '../test/support/generate/memory-plan.js';
import { listedBuild } from '../test/support/generate/kernel/kernel-structures.js';
import { SAMPLE_PROCESSES } from '../test/support/generate/objects/object-sample.js';
import { Random } from '../test/support/generate/random.js';
import { generateTags, tagKey } from '../test/support/generate/tracker/tag-plan.js';
import type { TagPlan } from '../test/support/generate/tracker/tracker-table-writer.js';
import { crashDumpBuffer } from '../test/support/write/crash-dump/crash-dump.js';
import { elfCoreBuffer } from '../test/support/write/elf/elf-core.js';
import { limeBuffer } from '../test/support/write/lime/lime.js';
import { rawBuffer } from '../test/support/write/raw.js';

const MIB = 0x100000;

interface Sample {
  /** File name without `.gz`. */
  readonly name: string;
  readonly plan: MemoryPlan;
  readonly container: (generated: GeneratedMemory) => Buffer;
}

/** A tag of which `count` allocations are left, one of them made on processor 0 and freed on processor 1. */
function outstanding(name: string, count: number, bytes: bigint): TagPlan {
  const left = BigInt(count);
  return {
    key: tagKey(name),
    perProcessor: [
      { nonPagedAllocs: left + 5n, nonPagedBytes: (left + 5n) * bytes },
      { nonPagedFrees: 5n, nonPagedBytes: -5n * bytes },
    ],
  };
}

/** What the sample's processes have allocated, and 300 tags more. */
const SERVER_TAGS: readonly TagPlan[] = (() => {
  const threads = SAMPLE_PROCESSES.flatMap((process) => process.threads ?? []).length;
  const counted = [outstanding('Proc', SAMPLE_PROCESSES.length, 2048n), outstanding('Thre', threads, 2304n)];
  const keys = new Set(counted.map(({ key }) => key));
  return [...counted, ...generateTags(new Random(14393), 320, 2, 40).filter(({ key }) => !keys.has(key))];
})();

/** What windows and fonts take in two sessions: session 1 has more tags than its table has entries. */
const SESSION_POOLS = [0, 1, 2].map((session) => ({
  session,
  tags: [
    outstanding('Usbm', 12 + session, 0x4000n),
    ...['Gla1', 'Gla5', 'Gh05', 'Ttfd', 'Uswd', 'Uspi'].map((name) => outstanding(name, 20 + session, 640n)),
    ...generateTags(new Random(session + 1), [30, 150, 0][session]!, 1, 40),
  ],
}));

export const SAMPLES: readonly Sample[] = [
  {
    name: 'server-14393.dmp',
    plan: {
      seed: 14393,
      layout: 40,
      build: listedBuild('10.0.14393.5291'),
      processors: 2,
      memoryBytes: 16 * MIB,
      systemTime: new Date('2023-03-14T08:30:00Z'),
      tags: SERVER_TAGS,
      processes: SAMPLE_PROCESSES,
      sessionPools: SESSION_POOLS,
      bigPages: [
        { key: tagKey('MmSt'), bytes: 0x6000n },
        { key: tagKey('MmSt'), bytes: 0x21000n, free: true },
        { key: tagKey('CM31'), bytes: 0x15000n, poolType: 1 },
        { key: tagKey('MmCa'), bytes: 0x1200n },
      ],
    },
    container: crashDumpBuffer,
  },
  {
    name: 'unknown-kernel.raw',
    plan: {
      seed: 56,
      layout: 56,
      build: 'unknown',
      processors: 4,
      memoryBytes: 16 * MIB,
      tagCount: 400,
      lowStub: false,
      kdbg: 'encoded',
      decoys: ['staleLowStub', 'foreignRoot', 'snapshot', 'freedTable', 'otherRsds', 'sessionTable'],
      systemTime: new Date('2024-06-01T17:05:42Z'),
    },
    container: rawBuffer,
  },
  {
    name: 'lost-page-22000.lime',
    plan: {
      seed: 22000,
      layout: 80,
      processors: 3,
      memoryBytes: 32 * MIB,
      tagCount: 300,
      pageTables: 'x64-la57',
      transitionPages: true,
      largePages: '2MiB',
      missingPages: [{ processor: 1, page: 4 }],
      systemTime: new Date('2024-11-23T21:00:00Z'),
    },
    container: limeBuffer,
  },
  {
    name: 'spill-17763.elf',
    plan: {
      seed: 17763,
      layout: 56,
      processors: 2,
      memoryBytes: 16 * MIB,
      tableSlots: 256,
      tagCount: 330,
      expansionSize: 60,
      systemTime: new Date('2022-01-31T23:59:59.999Z'),
    },
    container: elfCoreBuffer,
  },
];

for (const { name, plan, container } of SAMPLES) {
  const packed = gzipSync(container(generateMemory(plan)), { level: 9 });
  await writeFile(new URL(`${name}.gz`, import.meta.url), packed);
  console.log(`${name}.gz ${packed.length} bytes`);
}
