/**
 * Makes the sample images: `npx tsx samples/make.ts`. The same bytes every time, from the generator that the tests use.
 * README.md tells what each shows.
 */
import { writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { generateMemory } from '../test/support/generate/memory.js';
import type { GeneratedMemory, MemoryPlan } from '../test/support/generate/memory-plan.js';
import { crashDumpBuffer } from '../test/support/write-crash-dump.js';
import { elfCoreBuffer } from '../test/support/write-elf-core.js';
import { limeBuffer } from '../test/support/write-lime.js';
import { rawBuffer } from '../test/support/write-raw.js';

const MIB = 0x100000;

interface Sample {
  /** File name without `.gz`. */
  readonly name: string;
  readonly plan: MemoryPlan;
  readonly container: (generated: GeneratedMemory) => Buffer;
}

export const SAMPLES: readonly Sample[] = [
  {
    name: 'server-14393.dmp',
    plan: { seed: 14393, layout: 40, processors: 2, memoryBytes: 16 * MIB, tagCount: 320, systemTime: new Date('2023-03-14T08:30:00Z') },
    container: crashDumpBuffer,
  },
  {
    name: 'unknown-kernel.raw',
    plan: {
      seed: 56, layout: 56, build: 'unknown', processors: 4, memoryBytes: 16 * MIB, tagCount: 400, lowStub: false, kdbg: 'encoded',
      decoys: ['staleLowStub', 'foreignPml4', 'snapshot', 'freedTable', 'otherRsds', 'sessionTable'], systemTime: new Date('2024-06-01T17:05:42Z'),
    },
    container: rawBuffer,
  },
  {
    name: 'lost-page-22000.lime',
    plan: {
      seed: 22000, layout: 80, processors: 3, memoryBytes: 32 * MIB, tagCount: 300, pageTables: 5, transitionPages: true, largePages: '2MiB',
      missingPages: [{ processor: 1, page: 4 }], systemTime: new Date('2024-11-23T21:00:00Z'),
    },
    container: limeBuffer,
  },
  {
    name: 'spill-17763.elf',
    plan: {
      seed: 17763, layout: 56, processors: 2, memoryBytes: 16 * MIB, tableSlots: 256, tagCount: 330, expansionSize: 60,
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
