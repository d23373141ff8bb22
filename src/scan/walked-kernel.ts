import { kernelLayout } from '../kernel/symbols/kernel-layout.js';
import { surveyObjects, type KernelObjects } from '../kernel/objects/objects.js';
import type { Kernel } from '../kernel/root/root.js';
import type { KernelSymbols } from '../kernel/kernel-symbols.js';
import { BigPageTable } from '../pool/big-pages.js';
import type { WalkedKernel } from '../record/decoded-image.js';

/**
 * What can be read beside the tables. Objects are read only when they are asked for; the big allocations at once, as
 * far as they belong to `keys`.
 */
export async function walkedKernel(kernel: Kernel, symbols: KernelSymbols | null, keys: Iterable<number>): Promise<WalkedKernel> {
  const bigPages = symbols === null
    ? 'not available for this build: the address of PoolBigPageTable is not known'
    : await BigPageTable.open(kernel.memory, await kernelLayout(kernel, symbols), kernel.sharedData.majorVersion);
  const bigTotals = typeof bigPages === 'string' ? null : await bigPages.totals(keys);
  let objects: Promise<KernelObjects> | undefined;
  return {
    objects: () => (objects ??= surveyObjects(kernel, symbols)),
    bigPages,
    bigTotals,
  };
}
