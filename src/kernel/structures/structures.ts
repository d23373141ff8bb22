import { foundOnce } from '../../source/reading/cache.js';
import { isMissing, type Missing } from '../../errors.js';
import type { Kernel } from '../root/root.js';
import {
  type FieldOffsets,
  findDebuggerDataBlock,
  KernelLayout,
  type KernelSymbols,
  type KnownFields,
} from '../symbols/symbols.js';
import { type ClientIds, findClientIds } from './client-ids.js';
import { tableOfBuild } from './facts-table.js';
import { findModuleList } from './module-list.js';
import { findObjectHeader, findTypeTable, type TypeTable } from './object-layout.js';
import { findProcessFields, gatherProcesses, type ProcessSet } from './process-layout.js';
import { findObjectTable, findToken } from './process-pointers.js';
import { findProcessRings } from './process-rings.js';
import { theActiveRing } from './ring-anchor.js';
import { findThreadFields } from './thread-layout.js';

export { DISPATCHER_PROCESS, DISPATCHER_THREAD, dispatcherType } from './client-ids.js';
export { type EntryCoding, ENTRY_FLAGS, ID_STEP, LEVEL_BITS, MAX_LEVEL, objectOfEntry } from './handle-entries.js';
export { findModuleList, MODULE_FIELDS } from './module-list.js';
export { FIRST_ENCODED } from './object-layout.js';
export { FAST_REF_BITS } from './process-pointers.js';

/** What may be used besides the image itself. */
export interface LayoutOptions {
  /** Whether the built-in tables of builds are used; true by default. */
  readonly knownBuilds?: boolean;
}

/** What every survey of objects needs; symbols may lack it, as the built-in list does of 18362. */
const NEEDED = [
  ['kprocess', 'DirectoryTableBase'],
  ['ethread', 'Cid'],
  ['handleTable', 'TableCode'],
  ['objectHeader', 'TypeIndex'],
] as const;

/**
 * The layout by the symbols of the build; where these lack what is needed, and without symbols, what the image itself
 * proves: every offset is one that holds in all processes and threads that were looked at, while no other one does. The
 * tables of builds and the debugger block are claims, which decide among offsets that hold, and are refused where they do
 * not.
 */
export async function kernelLayout(
  kernel: Kernel,
  symbols: KernelSymbols | null,
  { knownBuilds = true }: LayoutOptions = {},
): Promise<KernelLayout> {
  if (symbols === null) return findLayout(kernel, knownBuilds);
  const layout = KernelLayout.ofSymbols(kernel.image, symbols);
  const isWhole = NEEDED.every(([structure, field]) => layout.field(structure, field) !== undefined);
  return isWhole ? layout : layout.completedBy(await findLayout(kernel, knownBuilds));
}

/** Each kernel's layout: several surveys ask for it. */
const known = new WeakMap<Kernel, Promise<KernelLayout>>();

function findLayout(kernel: Kernel, knownBuilds: boolean): Promise<KernelLayout> {
  return foundOnce(known, kernel, () => search(kernel, knownBuilds));
}

async function search(kernel: Kernel, knownBuilds: boolean): Promise<KernelLayout> {
  const found = await findDebuggerDataBlock(kernel.memory, kernel.image, null);
  const block = typeof found === 'string' ? null : found;
  const clients = await findClientIds(kernel, block?.pspCidTable ?? null);
  const rings = await findProcessRings(kernel, block?.psActiveProcessHead ?? null);
  const ring = isMissing(rings) ? rings : await theActiveRing(kernel, rings, clients);
  const variables = {
    PsLoadedModuleList: await findModuleList(kernel, block?.psLoadedModuleList ?? null),
    PspCidTable: isMissing(clients) ? clients : clients.variable,
    PsActiveProcessHead: isMissing(ring) ? ring : ring.head,
  };
  const processes = await gatherProcesses(kernel, ring, clients, block);
  if (isMissing(processes)) return new KernelLayout(variables, { eprocess: { size: processes } });
  const table = knownBuilds ? await tableOfBuild(kernel) : null;
  const { DirectoryTableBase, ...fields } = await findProcessFields(
    processes,
    kernel.sharedData.systemTime,
    block,
    table?.eprocess ?? null,
  );
  const threads = await findThreadFields(processes, clients);
  const objects = await findObjects(processes, clients);
  const eprocess: KnownFields = {
    ...fields,
    ActiveProcessLinks: isMissing(ring) ? ring : ring.linksAt,
    ObjectTable: await findObjectTable(processes, clients),
    Token: await findToken(processes, objects.header),
    ThreadListHead: threads.ThreadListHead,
    ActiveThreads: typeof threads.ActiveThreads === 'number' ? threads.ActiveThreads : fields.ActiveThreads!,
  };
  return new KernelLayout(
    { ...variables, ObTypeIndexTable: isMissing(objects.types) ? objects.types : objects.types.address },
    {
      eprocess: { ...eprocess, size: endOf(eprocess) },
      kprocess: { DirectoryTableBase: DirectoryTableBase! },
      ethread: { Cid: threads.Cid, ThreadListEntry: threads.ThreadListEntry },
      objectHeader: isMissing(objects.header) ? { TypeIndex: objects.header } : objects.header,
      objectType: isMissing(objects.types) ? { size: objects.types } : objects.types.objectType,
      ...handleStructures(clients),
    },
  );
}

/** As many bytes of a structure as have its known fields; a string takes 16. */
function endOf(fields: KnownFields): number {
  const offsets = Object.values(fields).flatMap((offset) => (typeof offset === 'number' ? offset : []));
  return Math.max(...offsets) + 16;
}

interface ObjectsFound {
  readonly header: FieldOffsets | Missing;
  readonly types: TypeTable | Missing;
}

async function findObjects({ kernel, specimens }: ProcessSet, clients: ClientIds | Missing): Promise<ObjectsFound> {
  const processes = specimens.map(({ address }) => address);
  const threads = isMissing(clients) ? [] : [...clients.threads.values()];
  return {
    header: await findObjectHeader(kernel, processes, threads),
    types: await findTypeTable(kernel, processes.length, threads.length),
  };
}

/** Handle tables, as PspCidTable shows them: those of processes are like it. */
function handleStructures(clients: ClientIds | Missing): Readonly<Record<string, KnownFields>> {
  if (isMissing(clients)) return { handleTable: { TableCode: clients } };
  const { size, bit, bits } = clients.coding;
  return {
    handleTable: { TableCode: clients.tableCodeAt },
    handleTableEntry:
      bits === 0 ? { size, Object: 0 } : { size, 'ObjectPointerBits.bit': bit, 'ObjectPointerBits.bits': bits },
  };
}
