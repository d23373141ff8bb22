import { hex, PAGE_SIZE } from '../../address.js';
import { RunListBuilder } from '../../image/run-list.js';
import type { Paging } from '../../memory/paging/paging.js';
import { PhysicalMemory } from '../../memory/physical-memory.js';
import { pagesOfWords } from './page-table-root.js';

/** Bytes of the file that are searched: the roots of the first processes lie low. */
const SEARCHED = 2 ** 30;
/** Maximum number of bases that are counted, and of those that are tried. */
const MAX_COUNTED = 1 << 16;
const MAX_TRIED = 4;

/**
 * The same memory, moved to where it may begin: a raw file does not tell at which physical address that is, and on ARM64
 * it need not be 0. Each page table root names itself by its own address, so the distance to its place in the file is
 * the base; the one that most pages agree on comes first. Nothing for a container that tells addresses.
 */
export async function* movedMemories(
  memory: PhysicalMemory,
  pagings: readonly Paging[],
): AsyncGenerator<PhysicalMemory> {
  const { image } = memory;
  const run = image.runs.at(0);
  const ways = pagings.flatMap(({ ownAddresses }) => ownAddresses ?? []);
  if (ways.length === 0 || run === undefined || image.runs.count > 1 || run.start !== 0) return;
  const bases = new Map<number, number>();
  for await (const { words, start, pages } of pagesOfWords(memory, () => SEARCHED)) {
    for (let page = 0; page < pages; page++) {
      const address = start + page * PAGE_SIZE;
      for (const ownAddresses of ways) {
        for (const own of new Set(ownAddresses({ words, first: (page * PAGE_SIZE) / 4, address }))) {
          const seen = bases.get(own - address);
          if (seen !== undefined || bases.size < MAX_COUNTED) bases.set(own - address, (seen ?? 0) + 1);
        }
      }
    }
  }
  const likely = [...bases].sort(([a, seen], [b, other]) => other - seen || a - b).slice(0, MAX_TRIED);
  for (const [base] of likely) yield movedTo(memory, base);
}

function movedTo({ image }: PhysicalMemory, base: number): PhysicalMemory {
  const runs = new RunListBuilder(image.format);
  for (const { start, length, offset } of image.runs) runs.add(start + base, length, offset);
  const message = `the file does not tell where memory begins: by its page tables, at physical ${hex(base)}`;
  return new PhysicalMemory({
    ...image,
    runs: runs.build(),
    warnings: [...image.warnings, { code: 'memory-base', message }],
  });
}
