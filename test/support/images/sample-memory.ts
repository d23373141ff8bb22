import { generateMemory } from '../generate/memory.js';
import type { GeneratedMemory } from '../generate/memory-plan.js';

let made: GeneratedMemory | undefined;

/** 24 MiB of a Windows machine with a gap below 1 MiB and one at 16 MiB: what every container's test is written from. */
export function sampleMemory(): GeneratedMemory {
  return (made ??= generateMemory({
    seed: 7,
    tableSlots: 256,
    tagCount: 60,
    kdbg: 'plain',
    ramRanges: [
      [0, 0xa0000],
      [0x100000, 0x1000000],
      [0x1100000, 0x1900000],
    ],
  }));
}
