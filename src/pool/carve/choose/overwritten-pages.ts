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

/** Slots at which usable pages have another key than the family does. */
export function disputedSlots(
  { index }: PageFamily,
  shape: TableShape,
  usable: readonly PageCounts[],
  expected: Uint32Array,
): number[] {
  const first = Math.ceil((index * PAGE_SIZE) / shape.channel.layout.size);
  const isDisputed = (key: number, entry: number): boolean =>
    key !== 0 && usable.some(({ keys }) => keys[entry] !== 0 && keys[entry] !== key);
  return [...expected].flatMap((key, entry) => (isDisputed(key, entry) ? [first + entry] : []));
}
