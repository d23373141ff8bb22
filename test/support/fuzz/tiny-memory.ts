import { virtualAddress } from '../../../src/address.js';
import { realBuild } from '../generate/kernel/kernel-builds.js';
import type { GeneratedMemory } from '../generate/memory-plan.js';
import { Random } from '../generate/random.js';
import { PAGE, SparseMemory } from '../generate/sparse-memory.js';

let made: GeneratedMemory | undefined;

/**
 * Eighteen pages in two ranges that no kernel lives in: a container of them is little more than its own structures. What a
 * writer takes from the truth beyond that is not there.
 */
export function tinyMemory(): GeneratedMemory {
  if (made !== undefined) return made;
  const memory = new SparseMemory(
    [
      [0, 4 * PAGE],
      [6 * PAGE, 20 * PAGE],
    ],
    new Random(1),
  );
  for (const frame of [0, 2, 3, 6, 8, 19]) memory.page(frame).fill(frame + 1, 0x100, 0x110);
  const table = { address: virtualAddress(0xfffff80000006000n), pages: [6 * PAGE] };
  const truth = {
    build: realBuild(40),
    dtb: 2 * PAGE,
    pageTables: 'x64',
    kernelBase: 0xfffff80000000000n,
    variables: { PsLoadedModuleList: 0xfffff80000006010n, PsActiveProcessHead: 0xfffff80000006020n },
    kdbg: { address: 0xfffff80000006030n, encoded: false },
    systemTime: new Date(Date.UTC(2024, 0, 1)),
    tables: [table, table],
  } as const;
  return (made = { memory, truth } as unknown as GeneratedMemory);
}
