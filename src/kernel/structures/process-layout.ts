import { rootAddress, type VirtualAddress } from '../../address.js';
import { isMissing, type Missing } from '../../errors.js';
import { isMapped } from '../../memory/paging/paging.js';
import type { Kernel } from '../root/root.js';
import type { DebuggerDataBlock, FieldOffsets } from '../symbols/symbols.js';
import type { ClientIds } from './client-ids.js';
import { decideOffset, type FieldRule, offsetsThatFit, outweighs, standingOf, type Witness } from './field-search.js';
import {
  activeThreadsRule,
  createTimeRule,
  exitTimeRule,
  idRule,
  nameRule,
  parentRule,
  systemAmong,
} from './process-fields.js';
import type { AnchoredRing } from './ring-anchor.js';
import { Specimen } from './specimen.js';

/** The processes from which the layout of EPROCESS is found. */
export interface ProcessSet {
  readonly kernel: Kernel;
  /** In the order of the list, then those that only PspCidTable leads to. */
  readonly specimens: readonly Specimen[];
  /** How many of them are on the list. */
  readonly listed: number;
  readonly system: Specimen;
  readonly idAt: number;
  /** Bytes of an EPROCESS, at most. */
  readonly size: number;
  /** Every id that is known. */
  readonly ids: ReadonlySet<number>;
}

/** What was found of EPROCESS: offsets in bytes, or why there is none. */
export type FieldsFound = Readonly<Record<string, number | Missing>>;

/** No EPROCESS is larger, and none smaller. */
const MAX_SIZE = 0xc00;
const MIN_SIZE = 0x200;
/** Processes that are looked at. */
const MAX_SPECIMENS = 256;
/** Processes whose page table roots are tried: each takes a walk through their tables. */
const MAX_ROOTS = 32;

/**
 * Gathers the processes that the list and PspCidTable lead to; why they cannot be told, where neither does or where
 * they name no System.
 */
export async function gatherProcesses(
  kernel: Kernel,
  ring: AnchoredRing | Missing,
  clients: ClientIds | Missing,
  block: DebuggerDataBlock | null,
): Promise<ProcessSet | Missing> {
  const listed = isMissing(ring) ? [] : ring.processes;
  const byId = isMissing(clients) ? [] : [...clients.processes.values()];
  const addresses = [...new Set([...listed, ...byId])];
  if (addresses.length === 0) return isMissing(ring) ? ring : { missing: 'the list of processes is empty' };
  const objects = isMissing(clients) ? addresses : [...addresses, ...clients.threads.values()];
  const size = sizeLimit(objects, block);
  const specimens: Specimen[] = [];
  for (const address of addresses.slice(0, MAX_SPECIMENS))
    specimens.push(await Specimen.read(kernel.memory, address, 0, size));
  const idAt = isMissing(ring) ? idByClients(kernel, specimens, clients, size) : ring.idAt;
  if (typeof idAt !== 'number') return idAt;
  const system = systemAmong(specimens, idAt);
  if (system === null) return { missing: 'none, or more than one, of the processes has the id of System' };
  const ids = new Set(specimens.flatMap((specimen) => specimen.id(idAt) ?? []));
  if (!isMissing(clients)) for (const id of clients.processes.keys()) ids.add(id);
  return { kernel, specimens, listed: Math.min(listed.length, specimens.length), system, idAt, size, ids };
}

/** Objects do not overlap: the least distance between two of them bounds what an EPROCESS may have. */
function sizeLimit(objects: readonly VirtualAddress[], block: DebuggerDataBlock | null): number {
  const named = block?.eprocess?.size ?? 0;
  if (named >= MIN_SIZE && named <= MAX_SIZE) return named;
  const sorted = [...objects].sort((a, b) => (a < b ? -1 : 1));
  const gaps = sorted.slice(1).map((address, index) => Number(address - sorted[index]!));
  return Math.min(MAX_SIZE, ...gaps.filter((gap) => gap >= MIN_SIZE));
}

function idByClients(
  kernel: Kernel,
  specimens: readonly Specimen[],
  clients: ClientIds | Missing,
  size: number,
): number | Missing {
  if (isMissing(clients)) return clients;
  const ids = new Map([...clients.processes].map(([id, object]) => [object, id]));
  const step = kernel.memory.pointerSize;
  const fitting = offsetsThatFit(
    specimens,
    { from: 0, to: size },
    {
      ...idRule(specimens, step),
      judge(specimen, offset) {
        const stored = specimen.id(offset);
        if (stored === null) return specimen.pointer(offset) === null ? 'silent' : 'contradicts';
        return stored === ids.get(specimen.address) ? 'fits' : 'contradicts';
      },
    },
  );
  return decideOffset(fitting);
}

/**
 * Whether what stands at an offset of a process is a page table root of this system: it leads to the same kernel image.
 * Null where the image does not hold the root's page.
 */
async function isRoot({ memory, image }: Kernel, process: Specimen, offset: number): Promise<boolean | null> {
  const value = process.pointer(offset);
  if (value === null) return null;
  if (memory.pointerSize === 8 && memory.pageTable.isKernelAddress(value)) return false;
  const root = rootAddress(value, memory.pageTable.paging.architecture);
  if (root === 0 || root % memory.pageTable.paging.rootAlignment !== 0) return false;
  if (!memory.physical.has(root)) return root < memory.physical.image.runs.end ? null : false;
  const wanted = await memory.translate(image.base);
  const there = await memory.withRoot(root).translate(image.base);
  return isMapped(wanted) && isMapped(there) && there.physicalAddress === wanted.physicalAddress;
}

/** Offsets of DirectoryTableBase: System's is a root, and so are those of what runs, as far as the image holds them. */
async function rootOffsets(
  { kernel, specimens, system, idAt }: ProcessSet,
  exitTimeAt: number | Missing,
): Promise<number[]> {
  const step = kernel.memory.pointerSize;
  const running = specimens.filter(
    (one) => one !== system && (typeof exitTimeAt !== 'number' || one.uint64(exitTimeAt) === 0n),
  );
  const fitting: number[] = [];
  for (let offset = step; offset < idAt; offset += step) {
    if ((await isRoot(kernel, system, offset)) !== true) continue;
    const others = await Promise.all(running.slice(0, MAX_ROOTS).map((one) => isRoot(kernel, one, offset)));
    const proved = others.filter((one) => one === true).length;
    const failed = others.filter((one) => one === false).length;
    if (failed === 0 || outweighs(proved, failed)) fitting.push(offset);
  }
  return fitting;
}

/** Fields of EPROCESS by what must hold of each, those that others depend on first. */
export async function findProcessFields(
  processes: ProcessSet,
  captured: Date,
  block: DebuggerDataBlock | null,
  table: FieldOffsets | null,
): Promise<FieldsFound> {
  const { specimens, listed, system, idAt, size } = processes;
  const step = processes.kernel.memory.pointerSize;
  const range = { from: 0, to: size };
  const named = (offset: number | undefined): Witness[] =>
    offset === undefined || offset === 0 ? [] : [{ offset, by: 'the debugger block' }];
  const decide = (rule: FieldRule<Specimen>, field: string, witnesses: readonly Witness[] = []): number | Missing => {
    const known = table?.[field];
    if (known !== undefined && standingOf(specimens, known, rule) === 'open') return known;
    const fitting = offsetsThatFit(specimens, range, rule);
    return decideOffset(
      fitting,
      known === undefined ? witnesses : [...witnesses, { offset: known, by: 'the table of its build' }],
    );
  };
  const ImageFileName = decide(nameRule(system), 'ImageFileName');
  const CreateTime = decide(createTimeRule(specimens.slice(0, listed), captured), 'CreateTime');
  const ExitTime =
    typeof CreateTime === 'number'
      ? decide(exitTimeRule(system, specimens, CreateTime, captured), 'ExitTime')
      : { missing: 'without the time of creation, that of the end cannot be told' };
  const roots = await rootOffsets(processes, ExitTime);
  return {
    UniqueProcessId: idAt,
    ImageFileName,
    CreateTime,
    ExitTime,
    InheritedFromUniqueProcessId: decide(
      parentRule(processes, step),
      'InheritedFromUniqueProcessId',
      named(block?.eprocess?.parentId),
    ),
    ActiveThreads: claimedThreads(processes, table?.ActiveThreads, ExitTime),
    DirectoryTableBase: decideOffset(roots, named(block?.eprocess?.directoryTableBase)),
  };
}

/** ActiveThreads by the table of the build alone, where the processes bear it out. */
function claimedThreads(
  { specimens }: ProcessSet,
  claimed: number | undefined,
  exitTimeAt: number | Missing,
): number | Missing {
  const rule = activeThreadsRule(typeof exitTimeAt === 'number' ? exitTimeAt : null);
  if (claimed !== undefined && standingOf(specimens, claimed, rule) === 'fits') return claimed;
  return { missing: 'no list of threads shows it, and no table of the build names it' };
}
