import { PAGE_SIZE } from '../../../address.js';
import type { TrackerLayout } from '../../table/tracker-layout.js';

/** The kernel enlarges the expansion table as needed; no kernel has this many tags. */
export const MAX_EXPANSION_ENTRIES = 1 << 16;

/**
 * The sizes, in entries, that an expansion table grows through: it is enlarged when it is full, by copying to a block of
 * its own bytes rounded up to whole pages, and one page more (ExpInsertPoolTrackerExpansion, build 22631). 80-byte
 * entries: 51, 102, 153, 204, 256, 307, …
 */
export function* expansionSizes({ size }: TrackerLayout): Generator<number> {
  let entries = 0;
  while (entries <= MAX_EXPANSION_ENTRIES) {
    const bytes = Math.ceil((entries * size) / PAGE_SIZE) * PAGE_SIZE + PAGE_SIZE;
    entries = Math.floor(bytes / size);
    yield entries;
  }
}

/** The size of a table with `used` entries: the one before was full. */
export function expansionSizeOf(used: number, layout: TrackerLayout): number {
  for (const entries of expansionSizes(layout)) if (entries >= used) return entries;
  return used;
}
