import type { VirtualAddress } from '../../address.js';
import type { Missing } from '../../errors.js';
import type { Kernel } from '../root/root.js';
import { kernelLayout, type LayoutOptions } from '../structures/structures.js';
import type { KernelLayout, KernelSymbols } from '../symbols/symbols.js';
import { HeldObjectSearch, type HeldObjects } from './held-objects.js';
import { findLoadedModules } from './loaded-modules.js';
import { activeProcesses, threadLists } from './process-lists.js';
import { type CidTable, HandleTables, readCidTable } from './handle-table.js';
import { byKind, counted, countOf, notAvailable, type ObjectCount, Sighting, Tally } from './object-count.js';
import { readObjectTypes, TypeDecoder, type ObjectType } from './object-types.js';
import { HANDLE_TYPES, ProcessHandles } from './process-handles.js';
import { ProcessReader, type Process } from './process-reader.js';
import { PROCESS_METHODS, ProcessSurvey, type ProcessMethod, type ProcessSightings } from './process-survey.js';
import { SessionProcesses } from './session-processes.js';

export { type LoadedModule, findLoadedModules } from './loaded-modules.js';
export { type HeldObject, type HeldObjects, type HeldType, tagOfType } from './held-objects.js';
export { OBJECT_KINDS, type ObjectCount, type ObjectKind, notAvailable } from './object-count.js';

export type { Process, ProcessMethod };

/** A process, and which methods saw it. */
export interface SeenProcess extends Process {
  /** Id of its session; null when it is in none, or not known. */
  readonly sessionId: number | null;
  /** Handles in its table; null when the tables cannot be read. */
  readonly handles: number | null;
  /** By method, whether it saw the process; null for a method that is not available. */
  readonly seenBy: Readonly<Record<ProcessMethod, boolean | null>>;
}

/** The objects that the kernel's own structures lead to, counted by several methods that should agree. */
export interface KernelObjects {
  /** By id. */
  readonly processes: readonly SeenProcess[];
  /** One for each kind and method, those of a kind together. */
  readonly counts: readonly ObjectCount[];
  /** Objects of the types asked for and who has handles to them, or why they cannot be told. Reads every handle table. */
  held(isWanted: (type: string) => boolean): Promise<HeldObjects | Missing>;
}

/** Kinds that handles lead to, besides processes. */
const BY_HANDLES = { Thread: 'thread', Token: 'token', File: 'file', Key: 'key' } as const;
/** Maximum number of objects from which a type's code is learned where no cookie is known. */
const MAX_EXAMPLES = 64;

/**
 * Counts processes five ways, and threads, tokens, files, keys, handle tables and modules as far as the build's layout
 * is known. The methods are independent: what one cannot read does not stop the others.
 */
export async function surveyObjects(
  kernel: Kernel,
  symbols: KernelSymbols | null,
  options: LayoutOptions = {},
): Promise<KernelObjects> {
  const layout = await kernelLayout(kernel, symbols, options);
  const tally = new Tally();
  const types = await readObjectTypes(kernel.memory, layout, tally);
  const reader = ProcessReader.of(kernel.memory, layout);
  const { processes, counts, held } = await surveyProcesses(kernel, layout, types, reader);
  return {
    processes,
    held,
    counts: byKind([...counts, ...typeCounts(types, tally), await moduleCount(kernel, symbols)]),
  };
}

async function surveyProcesses(
  kernel: Kernel,
  layout: KernelLayout,
  types: readonly ObjectType[] | string,
  reader: ProcessReader | string,
): Promise<KernelObjects> {
  const { memory } = kernel;
  if (typeof reader === 'string') return withoutProcesses({}, reader);
  const tables = HandleTables.of(memory, layout);
  const cid = typeof tables === 'string' ? tables : await readCidTable(memory, layout, tables, reader);
  const survey = new ProcessSurvey(reader, {
    PsActiveProcessHead: await activeProcesses(memory, layout, reader),
    PspCidTable: typeof cid === 'string' ? cid : cid.processes,
  });
  const known = await survey.processes();
  if (known.length === 0) return withoutProcesses(survey.sightings, 'no process was found to begin with');

  const typeDecoder = await decoder(kernel, layout, types, known, cid);
  const handles = typeof tables === 'string' ? tables : new ProcessHandles(tables, typeDecoder, reader);
  const sessions = SessionProcesses.of(memory, layout, reader);
  await survey.follow(handles, sessions);
  const processes = await survey.processes();
  const seen = processes.map((process): SeenProcess => ({
    ...process,
    sessionId: typeof sessions === 'string' ? null : sessions.idOf(process),
    handles: typeof handles === 'string' ? null : handles.handlesOf(process.address),
    seenBy: survey.seenBy(process.address),
  }));
  const lists = await threadLists(memory, layout, processes);
  const threads = new Set([lists, typeof cid === 'string' ? cid : cid.threads].flatMap(foundBy));
  const held = new HeldObjectSearch({
    memory,
    layout,
    processes,
    threads,
    types,
    decoder: typeDecoder,
    handlesMissing: unread(handles),
  });
  return {
    held: (isWanted) => held.ask(isWanted),
    processes: seen.sort((a, b) => a.pid - b.pid || (a.address < b.address ? -1 : 1)),
    counts: [
      ...PROCESS_METHODS.map((method) => {
        const count = countOf('process', method, survey.sightings[method] ?? '');
        const terminated = survey.terminated(method, processes);
        const endings = count.found === null ? null : untoldEndings(layout);
        return { ...count, terminated, reason: count.reason ?? endings };
      }),
      countOf('thread', 'ThreadListHead', lists),
      countOf('thread', 'PspCidTable', typeof cid === 'string' ? cid : cid.threads),
      countOf('token', 'EPROCESS.Token', tokens(layout, processes)),
      ...handleCounts(handles, cid),
    ],
  };
}

function unread(handles: ProcessHandles | string): string | null {
  return typeof handles === 'string' ? handles : handles.unavailable();
}

function foundBy(sighting: Sighting | string): VirtualAddress[] {
  return typeof sighting === 'string' ? [] : [...sighting.found];
}

/** Why it is not told which processes have ended; null where it is. */
function untoldEndings(layout: KernelLayout): string | null {
  const offset = layout.fields('eprocess', 'ExitTime');
  return typeof offset === 'string' ? `which processes have ended is not told: ${offset}` : null;
}

/** The counts when no process can be read: for each method its own reason, or the common one. */
function withoutProcesses(sightings: ProcessSightings, reason: string): KernelObjects {
  return {
    held: () => Promise.resolve({ missing: reason }),
    processes: [],
    counts: [
      ...PROCESS_METHODS.map((method) => countOf('process', method, sightings[method] ?? reason)),
      notAvailable('thread', 'ThreadListHead', reason),
      notAvailable('thread', 'PspCidTable', reason),
      notAvailable('token', 'EPROCESS.Token', reason),
      ...handleCounts(reason, reason),
    ],
  };
}

function decoder(
  kernel: Kernel,
  layout: KernelLayout,
  types: readonly ObjectType[] | string,
  known: readonly Process[],
  cid: CidTable | string,
): Promise<TypeDecoder | string> {
  const threads = typeof cid === 'string' || typeof cid.threads === 'string' ? [] : [...cid.threads.found];
  return TypeDecoder.of(kernel, layout, types, {
    Process: known.slice(0, MAX_EXAMPLES).map(({ address }) => address),
    Thread: threads.slice(0, MAX_EXAMPLES),
    Token: known.flatMap(({ token }) => token ?? []).slice(0, MAX_EXAMPLES),
  });
}

function tokens(layout: KernelLayout, processes: readonly Process[]): Sighting | string {
  const offset = layout.fields('eprocess', 'Token');
  if (typeof offset === 'string') return offset;
  const sighting = new Sighting();
  for (const { token } of processes) if (token !== undefined && token !== 0n) sighting.add(token);
  return sighting;
}

function handleCounts(handles: ProcessHandles | string, cid: CidTable | string): ObjectCount[] {
  const why = unread(handles);
  const kinds = HANDLE_TYPES.flatMap((type) => (type === 'Process' ? [] : [type]));
  return [
    ...kinds.map((type) =>
      typeof handles === 'string' || why !== null
        ? notAvailable(BY_HANDLES[type], 'Handles', why ?? '')
        : counted(BY_HANDLES[type], 'Handles', handles.byType[type].found.size, handles.tally),
    ),
    tableCount(handles, cid),
  ];
}

/** Handle tables counted as allocations, as the tag Obtb counts them: each structure and each page is one. */
function tableCount(handles: ProcessHandles | string, cid: CidTable | string): ObjectCount {
  if (typeof handles === 'string') return notAvailable('handle_table', 'ObjectTable', handles);
  const tally = new Tally();
  tally.add(handles.tally);
  tally.note(
    `${handles.tables} tables of processes${typeof cid === 'string' ? '' : ' and PspCidTable'}; each structure and each page counts as one allocation`,
  );
  const own = typeof cid === 'string' ? 0 : 1 + cid.walk.pages;
  return counted('handle_table', 'ObjectTable', handles.allocations + own, tally);
}

function typeCounts(types: readonly ObjectType[] | string, tally: Tally): ObjectCount[] {
  const kinds = { Process: 'process', ...BY_HANDLES } as const;
  return HANDLE_TYPES.map((name) => {
    if (typeof types === 'string') return notAvailable(kinds[name], 'ObTypeIndexTable', types);
    const type = types.find((one) => one.name === name);
    return type === undefined
      ? notAvailable(kinds[name], 'ObTypeIndexTable', tally.reason ?? `no object type is named ${name}`)
      : counted(kinds[name], 'ObTypeIndexTable', type.objects);
  });
}

async function moduleCount(kernel: Kernel, symbols: KernelSymbols | null): Promise<ObjectCount> {
  const found = await findLoadedModules(kernel, symbols);
  if (found === null)
    return notAvailable('module', 'PsLoadedModuleList', 'no list of loaded modules with this kernel on it was found');
  const tally = new Tally();
  if (!found.whole) tally.miss('the list does not lead back to its head, or entries of it are missing');
  return counted('module', 'PsLoadedModuleList', found.modules.length, tally);
}
