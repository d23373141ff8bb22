import type { MemoryPlan, MemoryTruth, TableTruth } from '../memory-plan.js';
import type { Random } from '../random.js';
import { PAGE, type SparseMemory } from '../sparse-memory.js';
import { generateTags } from './tag-plan.js';
import type { EntrySize } from './tracker-layouts.js';
import { mergeTables, placeTags, type TrackerTables } from './tracker-table-writer.js';

/** The tables that a plan asks for. */
export function plannedTables(plan: MemoryPlan, random: Random, entrySize: EntrySize): TrackerTables {
  const processors = plan.processors ?? 2;
  const tags = plan.tags ?? generateTags(random, plan.tagCount ?? 200, processors, entrySize, plan.seeded ?? false);
  if (new Set(tags.map(({ key }) => key)).size !== tags.length)
    throw new RangeError('two planned tags have the same key');
  return placeTags(tags, {
    entrySize,
    slots: plan.tableSlots ?? 512,
    processors,
    ...(plan.expansionSize === undefined ? {} : { expansionSize: plan.expansionSize }),
  });
}

/** Takes the pages away that a plan misses. @returns what can still be summed */
export function losePages(
  memory: SparseMemory,
  tracker: TrackerTables,
  tables: readonly TableTruth[],
  plan: MemoryPlan,
): MemoryTruth['readable'] {
  const missing = new Set<string>();
  for (const { processor, page } of plan.missingPages ?? []) {
    const physical = tables[processor]?.pages[page];
    if (physical === undefined) throw new RangeError(`processor ${processor}'s table has no page ${page} to lose`);
    memory.lost.add(physical / PAGE);
    memory.pages.delete(physical / PAGE);
    missing.add(`${processor}:${page}`);
  }
  const size = tracker.entrySize;
  return mergeTables(tracker, (processor, slot) => {
    const pages = [Math.floor((slot * size) / PAGE), Math.floor((slot * size + size - 1) / PAGE)];
    return pages.some((page) => missing.has(`${processor}:${page}`));
  });
}
