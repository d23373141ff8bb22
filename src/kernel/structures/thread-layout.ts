import { virtualAddress, type VirtualAddress } from '../../address.js';
import { isMissing, type Missing } from '../../errors.js';
import { walkRing } from '../../memory/structures.js';
import type { ClientIds } from './client-ids.js';
import { decideOffset, offsetsThatFit, outweighs } from './field-search.js';
import type { ProcessSet } from './process-layout.js';
import { Specimen } from './specimen.js';

/** What was found of threads: offsets in bytes, or why there is none. */
export interface ThreadFields {
  /** Of ETHREAD. */
  readonly Cid: number | Missing;
  readonly ThreadListEntry: number | Missing;
  /** Of EPROCESS. */
  readonly ThreadListHead: number | Missing;
  readonly ActiveThreads: number | Missing;
}

/** No ETHREAD is larger. */
const MAX_SIZE = 0xc00;
/** Threads and processes that are looked at. */
const MAX_THREADS = 256;
const MAX_PROCESSES = 64;
/** Threads of a process that are counted. */
const MAX_LISTED = 4096;

/** A link of a list: the forward pointer of a head, and what the first member says of it. */
interface Link {
  readonly to: VirtualAddress;
  readonly head: VirtualAddress;
}

/** A thread, with its id as PspCidTable has it. */
interface Thread {
  readonly id: number;
  readonly specimen: Specimen;
}

const all = (missing: string): ThreadFields => ({
  Cid: { missing },
  ThreadListEntry: { missing },
  ThreadListHead: { missing },
  ActiveThreads: { missing },
});

/**
 * Finds where threads have their ids, and how processes list them: Cid holds the id of a known process and the id under
 * which PspCidTable has the thread; from ThreadListHead of each process the links lead to its threads, all at one offset.
 */
export async function findThreadFields(processes: ProcessSet, clients: ClientIds | Missing): Promise<ThreadFields> {
  if (isMissing(clients)) return all(clients.missing);
  const { memory } = processes.kernel;
  const threads: Thread[] = [];
  for (const [id, address] of [...clients.threads].slice(0, MAX_THREADS))
    threads.push({ id, specimen: await Specimen.read(memory, address, 0, MAX_SIZE) });
  if (threads.length === 0) return all('PspCidTable leads to no thread');
  const Cid = clientIdOffset(threads, processes);
  if (typeof Cid !== 'number') return { ...all('the owners of threads cannot be told'), Cid };
  const addresses = new Set(clients.threads.values());
  const lists = listOffsets(threads, processes, Cid, (address) => addresses.has(address));
  const [only, second] = lists;
  if (only === undefined || second !== undefined) {
    const missing =
      only === undefined
        ? 'no offset leads from every process to its threads'
        : `${lists.length} pairs of offsets lead from processes to their threads`;
    return { ...all(missing), Cid };
  }
  return {
    Cid,
    ThreadListEntry: only.entryAt,
    ThreadListHead: only.headAt,
    ActiveThreads: await activeThreadsOffset(processes, only.headAt),
  };
}

function clientIdOffset(threads: readonly Thread[], { kernel, ids }: ProcessSet): number | Missing {
  const step = kernel.memory.pointerSize;
  return decideOffset(
    offsetsThatFit(
      threads,
      { from: 0, to: MAX_SIZE },
      {
        step,
        judge({ id, specimen }, offset) {
          const [owner, own] = [specimen.id(offset), specimen.id(offset + step)];
          if (specimen.pointer(offset) === null || specimen.pointer(offset + step) === null) return 'silent';
          return owner !== null && own === id && ids.has(owner) ? 'fits' : 'contradicts';
        },
      },
    ),
  );
}

interface ListOffsets {
  readonly headAt: number;
  readonly entryAt: number;
}

/**
 * Pairs of offsets by which the first link of each process leads to a thread. KPROCESS, with which an EPROCESS begins,
 * heads a list of threads of its own: only offsets behind the id count.
 */
function listOffsets(
  threads: readonly Thread[],
  { specimens, idAt, size, kernel }: ProcessSet,
  cidAt: number,
  isThread: (address: VirtualAddress) => boolean,
): ListOffsets[] {
  const step = kernel.memory.pointerSize;
  const byOwner = new Map<number, VirtualAddress[]>();
  for (const { specimen } of threads) {
    const owner = specimen.id(cidAt) ?? 0;
    byOwner.set(owner, [...(byOwner.get(owner) ?? []), specimen.address]);
  }
  const byAddress = new Map(threads.map(({ specimen }) => [specimen.address, specimen]));
  const owners = specimens.filter((one) => byOwner.has(one.id(idAt) ?? 0));
  const found: ListOffsets[] = [];
  for (let headAt = idAt + step; headAt + 2 * step <= size; headAt += step) {
    const links = owners.flatMap((owner): Link[] => {
      const to = owner.pointer(headAt);
      return to === null ? [] : [{ to, head: virtualAddress(owner.address + BigInt(headAt)) }];
    });
    const entries = new Set<number>();
    for (const owner of owners)
      for (const thread of byOwner.get(owner.id(idAt)!)!) {
        const entryAt = Number(BigInt.asIntN(64, (owner.pointer(headAt) ?? 0n) - thread));
        if (entryAt > 0 && entryAt < MAX_SIZE) entries.add(entryAt);
      }
    for (const entryAt of entries) {
      const leading = links.filter(({ to, head }) => {
        const thread = byAddress.get(virtualAddress(to - BigInt(entryAt)));
        if (thread === undefined) return isThread(virtualAddress(to - BigInt(entryAt)));
        const back = thread.pointer(entryAt + step);
        return back === null || back === head;
      }).length;
      if (outweighs(leading, links.length - leading)) found.push({ headAt, entryAt });
    }
  }
  return found;
}

/** ActiveThreads: as many as the list of each process has; one that differs may have threads that have ended. */
async function activeThreadsOffset(
  { kernel, specimens, idAt, size }: ProcessSet,
  headAt: number,
): Promise<number | Missing> {
  const counts = new Map<Specimen, number>();
  for (const specimen of specimens.slice(0, MAX_PROCESSES)) {
    const ring = await walkRing(kernel.memory, virtualAddress(specimen.address + BigInt(headAt)), MAX_LISTED);
    if (ring.whole) counts.set(specimen, ring.entries.length);
  }
  if (new Set(counts.values()).size < 2) return { missing: 'every process has the same number of threads' };
  return decideOffset(
    offsetsThatFit(
      [...counts],
      { from: idAt, to: size },
      {
        step: 4,
        judge([specimen, count], offset) {
          const value = specimen.uint32(offset);
          return value === null ? 'silent' : value === count ? 'fits' : 'contradicts';
        },
      },
    ),
  );
}
