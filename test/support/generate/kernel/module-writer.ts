import type { GeneratedMemory } from '../memory-plan.js';
import { PoolSpace } from '../tracker/pool-space.js';
import { PAGE } from '../sparse-memory.js';

export interface ModulePlan {
  readonly name: string;
  /** The image, from its base on. */
  readonly bytes: Buffer;
}

export interface WrittenModule {
  readonly name: string;
  readonly base: bigint;
  readonly size: number;
  /** Its entry in the list of modules. */
  readonly entry: bigint;
}

/** Apart from all else that is generated. */
const ENTRIES = 0xffff8880e0000000n;
/** Between the kernel's start and the first driver's, and between drivers. */
const GAP = 0x4000000n;

/** Loads drivers into generated memory (four-level page tables): PsLoadedModuleList holds the kernel, then them. */
export function writeModules({ space, truth }: GeneratedMemory, plans: readonly ModulePlan[]): WrittenModule[] {
  const pool = new PoolSpace(space, ENTRIES);
  const drivers = plans.map(({ name, bytes }, index) => {
    const base = truth.kernelBase + GAP * BigInt(index + 1);
    const size = Math.ceil(bytes.length / PAGE) * PAGE;
    space.mapFresh(base, size);
    space.write(base, bytes);
    return { name, base, size };
  });
  const modules = [{ name: 'ntoskrnl.exe', base: truth.kernelBase, size: truth.kernelSize }, ...drivers].map(
    (module) => ({ ...module, entry: pool.allocate(0xa0) }),
  );
  const ring = [truth.variables['PsLoadedModuleList']!, ...modules.map(({ entry }) => entry)];
  for (const [index, link] of ring.entries()) {
    const next = ring[(index + 1) % ring.length]!;
    space.writeU64(link, next);
    space.writeU64(next + 8n, link);
  }
  for (const { name, base, size, entry } of modules) {
    const characters = Buffer.from(name, 'utf16le');
    const text = pool.allocate(characters.length);
    const lengths = BigInt(characters.length) | (BigInt(characters.length) << 16n);
    space.write(text, characters);
    for (const [offset, value] of [
      [0x30, base],
      [0x40, BigInt(size)],
      [0x58, lengths],
      [0x60, text],
    ] as const)
      space.writeU64(entry + BigInt(offset), value);
  }
  return modules;
}
