import { DECOYS, type Decoy, type MemoryPlan } from '../generate/memory-plan.js';
import type { Random } from '../generate/random.js';

/** Decoys that lie in any machine's memory; a whole guest is a kind of its own. */
const COMMON: readonly Decoy[] = DECOYS.filter((kind) => kind !== 'guest');
const MIB = 0x100000;

/** A random machine: any layout, size, load, number of processors, with or without symbols and a debugger block. */
export function randomPlan(random: Random): MemoryPlan {
  const tableSlots = random.pick([64, 128, 256, 512, 512, 1024, 2048, 4096]);
  const load = random.pick([3, 6, 10, 15, 25, 40, 60, 75, 90, 100, 104]);
  const isUnknown = random.oneIn(3);
  return {
    seed: random.below(2 ** 31),
    layout: random.pick([40, 56, 80]),
    tableSlots,
    seeded: true,
    tagCount: Math.max(70, Math.floor((tableSlots * load) / 100)),
    processors: random.pick([1, 1, 2, 2, 3, 4, 6, 8]),
    memoryBytes: random.pick([48, 64]) * MIB,
    ...(isUnknown ? { build: 'unknown' as const } : {}),
    kdbg: random.pick(['plain', 'plain', 'encoded', 'absent']),
    largePages: random.pick([false, false, false, '2MiB']),
    transitionPages: random.oneIn(4),
    lowStub: !random.oneIn(6),
    decoys: COMMON.filter(() => random.oneIn(3)),
  };
}

/** The same with more tags than slots: the expansion table has grown once or more. */
export function spilledPlan(random: Random): MemoryPlan {
  const tableSlots = random.pick([64, 128, 256, 512, 1024]);
  return { ...randomPlan(random), tableSlots, tagCount: tableSlots + random.pick([80, 110, 160, 210, 260, 320, 420]) };
}
