import { PAGE_SIZE } from '../../../address.js';
import type { TableShape } from '../fit/table-shape.js';
import type { PageCounts } from './balance.js';
import type { PageFamily } from './page-families.js';

/** Whether other data lies on a page: keys that contradict the family's, free entries with bytes, keys that occur twice. */
export function isOverwritten({ keys, page }: PageCounts, expected: Uint32Array): boolean {
  let strange = page.fit.dirty;
  let used = 0;
  keys.forEach((key, entry) => {
    if (key === 0) return;
    used++;
    if (key !== expected[entry]) strange++;
  });
  return strange > Math.max(1, used / 16);
}

/** Slots at which no more usable pages have the family's key than have another one. */
export function disputedSlots(
  { index }: PageFamily,
  shape: TableShape,
  usable: readonly PageCounts[],
  expected: Uint32Array,
): number[] {
  const first = Math.ceil((index * PAGE_SIZE) / shape.channel.layout.size);
  const isDisputed = (key: number, entry: number): boolean => {
    const found = usable.map(({ keys }) => keys[entry]!).filter((other) => other !== 0);
    const others = found.filter((other) => other !== key).length;
    return key !== 0 && others > 0 && others * 2 >= found.length;
  };
  return [...expected].flatMap((key, entry) => (isDisputed(key, entry) ? [first + entry] : []));
}
