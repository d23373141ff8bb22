import { variableSize, type KernelBuild } from './kernel-builds.js';
import { kernelImage, type KernelImage } from './kernel-image-writer.js';
import type { Machine } from './machine.js';
import type { MemoryPlan } from '../memory-plan.js';
import type { PageKind, PageTableWriter } from '../paging/page-table-writer.js';
import type { Random } from '../random.js';
import { PAGE, type SparseMemory } from '../sparse-memory.js';

export interface PlacedKernel {
  readonly base: bigint;
  readonly image: KernelImage;
  /** First physical address and kind of the large pages; null: scattered small ones. */
  readonly large: { readonly physical: number; readonly kind: PageKind; readonly span: number } | null;
}

/** Chooses where a kernel lies, in physical memory too when its pages are large. */
export function placeKernel(
  memory: SparseMemory,
  random: Random,
  build: KernelBuild,
  plan: MemoryPlan,
  { kernel, large }: Machine,
): PlacedKernel {
  const size = kernelImage(build, 0n).size;
  if (plan.largePages === undefined || plan.largePages === false) {
    const base = kernel.start + BigInt(0x1000 + random.below(kernel.pages)) * BigInt(PAGE);
    return { base, image: kernelImage(build, base), large: null };
  }
  const pages = large[plan.largePages];
  if (pages === null) throw new RangeError(`this machine has no pages of ${plan.largePages}`);
  const { kind, span } = pages;
  if (kind === 'huge') {
    const physical = memory.allocateRun(Math.ceil(size / PAGE));
    const region = kernel.start + BigInt(1 + random.below(200)) * BigInt(span);
    const base = region + BigInt(physical % span);
    return { base, image: kernelImage(build, base), large: { physical, kind, span } };
  }
  const base = kernel.start + BigInt(1 + random.below(kernel.spans)) * BigInt(span);
  const physical = memory.allocateRun((Math.ceil(size / span) * span) / PAGE, span / PAGE);
  return { base, image: kernelImage(build, base), large: { physical, kind, span } };
}

export function mapKernel(memory: SparseMemory, space: PageTableWriter, { base, image, large }: PlacedKernel): void {
  if (large === null) {
    for (const page of image.mappedPages) space.map(base + BigInt(page * PAGE), memory.allocatePage());
    return;
  }
  const skew = large.physical % large.span;
  const span = BigInt(large.span);
  for (
    let at = base - BigInt(skew), physical = large.physical - skew;
    at < base + BigInt(image.size);
    at += span, physical += large.span
  ) {
    space.map(at, physical, large.kind);
  }
  for (const page of image.mappedPages) memory.page((large.physical + page * PAGE) / PAGE);
}

/** Pointers and numbers between the variables, as a real .data has them. */
export function writeNoise(
  space: PageTableWriter,
  random: Random,
  build: KernelBuild,
  { base, image }: PlacedKernel,
  { pool }: Machine,
): void {
  const size = space.pointerSize;
  const used = Object.entries(build.rva).map(([name, rva]) => [rva, rva + variableSize(build, name)] as const);
  for (const section of image.sections.filter(({ name }) => name === '.data' || name === 'ALMOSTRO')) {
    for (let i = 0; i < Math.min(200, section.size / 64); i++) {
      const rva = section.rva + size * random.below(section.size / size);
      if (used.some(([start, end]) => rva + size > start && rva < end)) continue;
      const value = random.pick([
        base + BigInt(random.below(image.size)),
        pool.tables + BigInt(random.below(0x1000000) * 16),
        BigInt(random.below(0x2000)),
        random.u64(),
      ]);
      space.writePointer(base + BigInt(rva), value);
    }
  }
}
