import {
  PAGE_SIZE,
  physicalAddress,
  virtualAddress,
  type PhysicalAddress,
  type VirtualAddress,
} from '../../address.js';
import type { PageWords, Paging } from '../../memory/paging/paging.js';
import type { PhysicalMemory } from '../../memory/physical-memory.js';

/** A physical address that may be the kernel's page table root, and where it comes from. */
export interface RootCandidate {
  readonly address: PhysicalAddress;
  readonly from: string;
  /** The kinds of page tables that it may be the root of, in the order in which they are tried. */
  readonly pagings: readonly Paging[];
  /** An address in the kernel from the same place; it must lie in the kernel image that the root leads to. */
  readonly kernelEntry: VirtualAddress | null;
}

const ONE_MIB = 0x100000;

/**
 * Self-referencing pages are searched for up to here; roots are made in the first moments of a boot and lie at low
 * addresses.
 */
export const SELF_REFERENCE_REACH = 2 ** 36;
const SELF_REFERENCE_CHUNK = 1 << 18;

/** Memory that every search for roots goes through, from its beginning on and behind a root that was found. */
export const SEARCHED_AT_LEAST = 1 << 22;

/**
 * The low stub of Windows 8 and later on x64: a PROCESSOR_START_BLOCK in a page below 1 MiB, which other processors
 * start from: a far jump at 0, the kernel's entry at 0x70, CR3 at 0xA0.
 */
export async function* lowStubRoots(memory: PhysicalMemory, pagings: readonly Paging[]): AsyncGenerator<RootCandidate> {
  const x64 = pagings.filter(({ architecture }) => architecture === 'x64');
  if (x64.length === 0) return;
  for await (const { words, start, pages } of pagesOfWords(memory, () => ONE_MIB)) {
    for (let page = 0; page < pages; page++) {
      if (start + page === 0) continue;
      const first = (page * PAGE_SIZE) / 4;
      // The first eight bytes but for the second, which is where the jump goes.
      if ((words[first]! & 0xffff00ff) !== 0x000600e9 || words[first + 1] !== 1) continue;
      const entry = wordsAt(words, first + 0x70 / 4);
      if ((entry & 0xfffff80000000003n) !== 0xfffff80000000000n) continue;
      const root = wordsAt(words, first + 0xa0 / 4);
      if (root === 0n || (root & 0xffffff0000000fffn) !== 0n) continue;
      yield {
        address: physicalAddress(Number(root)),
        from: 'low stub',
        pagings: x64,
        kernelEntry: virtualAddress(entry),
      };
    }
  }
}

/** Two words as one of 64 bits. */
function wordsAt(words: Uint32Array, index: number): bigint {
  return BigInt(words[index]!) | (BigInt(words[index + 1]!) << 32n);
}

/** The roots that the container names: DirectoryTableBase of a crash dump's header, CR3 in an ELF note. */
export function* containerRoots(memory: PhysicalMemory, pagings: readonly Paging[]): Generator<RootCandidate> {
  for (const { address, from } of memory.image.hints.pageTableRoots ?? [])
    yield { address, from, pagings, kernelEntry: null };
}

type RootsOn = Paging['rootsOn'];

/** The kinds of page tables by how their roots are recognised: x64 with four levels and with five have one way. */
function byRecognition(pagings: readonly Paging[]): [RootsOn, Paging[]][] {
  const ways = new Map<RootsOn, Paging[]>();
  for (const paging of pagings) ways.set(paging.rootsOn, [...(ways.get(paging.rootsOn) ?? []), paging]);
  return [...ways];
}

/**
 * Pages of memory up to a limit, in ascending order, as words of a larger buffer; zeros where memory is missing. The
 * buffer is the same each time: in a batch, new memory would cost more, in the collector, than looking at it.
 * @param limit the first address that is not wanted; asked again as the search goes on
 */
export async function* pagesOfWords(
  memory: PhysicalMemory,
  limit: () => number,
): AsyncGenerator<{ readonly words: Uint32Array; readonly start: number; readonly pages: number }> {
  // From afar few large requests; none is for more than is searched all the same.
  const chunk = memory.isRemote ? SEARCHED_AT_LEAST : SELF_REFERENCE_CHUNK;
  const room = new Uint8Array(chunk);
  let next = 0;
  for (const run of memory.image.runs) {
    // A page of which runs hold parts is a page all the same.
    const end = Math.ceil((run.start + run.length) / PAGE_SIZE) * PAGE_SIZE;
    next = Math.max(next, run.start - (run.start % PAGE_SIZE));
    while (next < Math.min(end, limit())) {
      const start = next;
      const length = Math.min(chunk, end - start, limit() - start);
      await memory.readInto(room.subarray(0, length), physicalAddress(start));
      const words = new Uint32Array(room.buffer, 0, length >>> 2);
      yield { words, start, pages: Math.floor(length / PAGE_SIZE) };
      next = start + length;
    }
  }
}

/**
 * Pages that name themselves as page tables do, in ascending order. Every process has such a root, and those of ended
 * processes remain in memory.
 * @param limit the first address that is not searched; asked again as the search goes on
 */
export async function* selfReferringRoots(
  memory: PhysicalMemory,
  pagings: readonly Paging[],
  limit: () => number,
): AsyncGenerator<RootCandidate> {
  const ways = byRecognition(pagings);
  for await (const { words, start, pages } of pagesOfWords(memory, limit)) {
    for (let page = 0; page < pages; page++) {
      const place = { words, first: (page * PAGE_SIZE) / 4, address: start + page * PAGE_SIZE };
      for (const [offset, kinds] of rootsAt(place, ways))
        yield {
          address: physicalAddress(place.address + offset),
          from: 'self reference',
          pagings: kinds,
          kernelEntry: null,
        };
    }
  }
}

const NONE: ReadonlyMap<number, readonly Paging[]> = new Map();

/** Offsets of roots on a page, and the kinds of page tables that each may be the root of. */
function rootsAt(
  place: PageWords,
  ways: readonly (readonly [RootsOn, readonly Paging[]])[],
): ReadonlyMap<number, readonly Paging[]> {
  let found: Map<number, readonly Paging[]> | null = null;
  for (const [rootsOn, kinds] of ways)
    for (const offset of rootsOn(place)) {
      found ??= new Map();
      found.set(offset, [...(found.get(offset) ?? []), ...kinds]);
    }
  return found ?? NONE;
}
