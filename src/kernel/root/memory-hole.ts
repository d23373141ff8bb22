import { doubtful } from '../../image/image.js';
import { hex, PAGE_SIZE, physicalAddress, type PhysicalAddress } from '../../address.js';
import { isMissing } from '../../errors.js';
import { RunListBuilder } from '../../image/run-list.js';
import type { Paging } from '../../memory/paging/paging.js';
import { PhysicalMemory } from '../../memory/physical-memory.js';
import { VirtualMemory } from '../../memory/virtual-memory.js';
import { KERNEL_SPACES } from './kernel-space.js';
import type { FoundKernel } from './kernel.js';
import { readSharedData } from './kuser-shared-data.js';
import { lowStubRoots, type RootCandidate, selfReferringRoots } from './page-table-root.js';

const MIB = 2 ** 20;
const GIB = 2 ** 30;
/** Where memory goes on behind the hole that devices take. */
const ABOVE = 4 * GIB;
/** No machine's hole begins lower: roots below lie where the file says, whatever was left out. */
export const BELOW_HOLES = GIB;

/** Where the hole begins on machines of VMware and QEMU (i440fx, q35), and of Hyper-V; then wherever it can. */
const USUAL = [3 * GIB, 2 * GIB, 3.5 * GIB, 2.75 * GIB, 3.75 * GIB, 0xf8000000, 0xdc000000, 0x7c000000];
/** Roots that are tried: those of ended processes lead nowhere. */
const MAX_ROOTS = 8;
/** Tables above the hole that are looked at. */
const MAX_TABLES = 16;
/** Share of entries that lead behind memory; of pages that are no tables nearly all do. */
const MAX_ODD = 0.25;
/** Tables below it that are searched for such. */
const MAX_SEARCHED = 512;

/** Every place where a hole can begin within a file: the usual ones, then each mebibyte. */
function* beginnings(length: number): Generator<number> {
  const fits = (at: number): boolean => at >= BELOW_HOLES && at < Math.min(length, ABOVE);
  yield* USUAL.filter(fits);
  for (let at = ABOVE - MIB; at >= BELOW_HOLES; at -= MIB) if (fits(at) && !USUAL.includes(at)) yield at;
}

/** Whether it is one piece from address 0 on, as a file is of which no container tells addresses, and large enough. */
export function mayLackHole({ image }: PhysicalMemory): boolean {
  const run = image.runs.at(0);
  return image.runs.count === 1 && run !== undefined && run.start === 0 && run.length > BELOW_HOLES;
}

/** Whether page tables of a kernel that lie above 4 GiB are none where the file says: then a hole was left out. */
export async function lacksHole({ memory }: FoundKernel): Promise<boolean> {
  const { paging, root } = memory.pageTable;
  if (!mayLackHole(memory.physical) || !hasWideEntries(paging)) return false;
  const tables = await tablesAbove(memory.physical, root, paging);
  return tables.length > 0 && !(await areTables(memory.physical, tables));
}

/**
 * The same memory with the hole below 4 GiB put back that a .vmem file leaves out, and tools that write memory as one
 * piece: what lies from some offset on has physical addresses from 4 GiB on. Where that is, the page tables tell: a root
 * below leads to tables above, and only with the right hole are these tables, and is KUSER_SHARED_DATA reached. Nothing
 * where `mayLackHole` says no, or where a root's tables fit more than one beginning.
 */
export async function* holedMemories(
  memory: PhysicalMemory,
  pagings: readonly Paging[],
): AsyncGenerator<PhysicalMemory> {
  if (!mayLackHole(memory)) return;
  const { length } = memory.image.runs.at(0)!;
  const wide = pagings.filter(hasWideEntries);
  const given = new Set<number>();
  let roots = 0;
  for await (const { address, pagings: kinds } of lowRoots(memory, wide)) {
    for (const paging of kinds) {
      const tables = await tablesAbove(memory, address, paging);
      if (tables.length === 0) continue;
      const fitting: number[] = [];
      for (const start of beginnings(length)) {
        const holed = withHole(memory, start);
        if (!(await areTables(holed, tables))) continue;
        if (isMissing(await readSharedData(VirtualMemory.through(holed, address, paging)))) continue;
        fitting.push(start);
        if (fitting.length > 1) break;
      }
      const [start] = fitting;
      if (start !== undefined && fitting.length === 1 && !given.has(start)) {
        given.add(start);
        yield withHole(memory, start);
      }
      if (++roots >= MAX_ROOTS) return;
    }
  }
}

/** Other page tables cannot lead above 4 GiB. */
function hasWideEntries({ name }: Paging): boolean {
  return name === 'x64' || name === 'x86-pae';
}

async function* lowRoots(memory: PhysicalMemory, pagings: readonly Paging[]): AsyncGenerator<RootCandidate> {
  for await (const candidate of lowStubRoots(memory, pagings)) if (candidate.address < BELOW_HOLES) yield candidate;
  yield* selfReferringRoots(memory, pagings, () => BELOW_HOLES);
}

const PRESENT = 1n;
const LARGE = 0x80n;
const FRAME = 0x000f_ffff_ffff_f000n;

/** Page tables of the kernel's half that lie above 4 GiB, KUSER_SHARED_DATA's first: those that tables below name. */
async function tablesAbove(
  memory: PhysicalMemory,
  root: PhysicalAddress,
  paging: Paging,
): Promise<readonly PhysicalAddress[]> {
  const { sharedData } = KERNEL_SPACES[paging.architecture];
  const isPae = paging.name === 'x86-pae';
  // Levels of tables below the root.
  let depth = isPae ? 2 : paging.levels - 1;
  const shift = BigInt(isPae ? 30 : 12 + 9 * depth);
  const first = Number((sharedData >> shift) & (isPae ? 3n : 511n));
  let level: PhysicalAddress[] = [];
  const entries = await wordsOf(memory, root);
  if (entries === null) return [];
  const at = root % PAGE_SIZE;
  const indexes = isPae ? [0, 1, 2, 3] : Array.from({ length: 256 }, (_, index) => 256 + index);
  for (const index of [first, ...indexes]) {
    const table = tableIn(entries, at / 8 + index);
    if (table !== null && table !== root) level.push(table);
  }
  const above = new Set<PhysicalAddress>();
  let searched = 0;
  for (; depth > 0; depth--) {
    const next: PhysicalAddress[] = [];
    for (const table of level) {
      if (table >= ABOVE) {
        above.add(table);
        if (above.size >= MAX_TABLES) return [...above];
        continue;
      }
      // Between the lowest hole and 4 GiB nobody knows yet what the file holds there.
      if (table >= BELOW_HOLES || depth === 1 || ++searched > MAX_SEARCHED) continue;
      const words = await wordsOf(memory, table);
      if (words === null) continue;
      for (let index = 0; index < 512; index++) {
        const found = tableIn(words, index);
        if (found !== null) next.push(found);
      }
    }
    level = next;
  }
  return [...above];
}

function tableIn(words: BigUint64Array, index: number): PhysicalAddress | null {
  const entry = words[index] ?? 0n;
  return (entry & PRESENT) === 0n || (entry & LARGE) !== 0n ? null : physicalAddress(Number(entry & FRAME));
}

async function wordsOf(memory: PhysicalMemory, at: PhysicalAddress): Promise<BigUint64Array | null> {
  const page = await memory.page(at);
  return page === null ? null : new BigUint64Array(page.buffer.slice(page.byteOffset, page.byteOffset + PAGE_SIZE));
}

/** Whether pages can be page tables: most of what is present in them leads to memory that the machine can have. */
async function areTables(memory: PhysicalMemory, pages: readonly PhysicalAddress[]): Promise<boolean> {
  const { runs } = memory.image;
  const last = runs.at(runs.count - 1)!;
  const end = BigInt(last.start + last.length);
  let [used, odd] = [0, 0];
  for (const page of pages) {
    const words = await wordsOf(memory, page);
    if (words === null) return false;
    for (const entry of words) {
      if ((entry & PRESENT) === 0n) continue;
      used++;
      // Registers of devices lie behind memory.
      if ((entry & FRAME) >= end) odd++;
    }
  }
  return used > 0 && odd <= used * MAX_ODD;
}

/** The same memory, with the warning that its page tables contradict the addresses that the file tells. */
export function contradicted({ image }: PhysicalMemory): PhysicalMemory {
  const message =
    'page tables above physical 4 GiB are none where the file says: it may leave out a hole in memory, and no place for it is proved; what lies above may be read wrong';
  // Which pages are read wrong is not known, so that no count is certain.
  return new PhysicalMemory({
    ...image,
    warnings: [...image.warnings, { code: 'memory-hole', message }, doubtful(message)],
  });
}

function withHole({ image }: PhysicalMemory, start: number): PhysicalMemory {
  const { length } = image.runs.at(0)!;
  const runs = new RunListBuilder(image.format);
  runs.add(0, start, 0);
  runs.add(ABOVE, length - start, start);
  const message = `the file does not tell where memory lies: by its page tables, what is behind file offset ${hex(start)} is taken to lie from physical ${hex(ABOVE)} on`;
  return new PhysicalMemory({
    ...image,
    runs: runs.build(),
    warnings: [
      ...image.warnings.filter(({ code }) => code !== 'image-companion-missing'),
      { code: 'memory-hole', message },
    ],
  });
}
