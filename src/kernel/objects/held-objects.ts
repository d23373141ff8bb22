import { hex, virtualAddress, type VirtualAddress } from '../../address.js';
import { readCached, type VirtualMemory } from '../../memory/virtual-memory.js';
import type { KernelLayout } from '../symbols/symbols.js';
import { HandleTables } from './handle-table.js';
import { MAX_OBJECTS, Tally } from './object-count.js';
import type { ObjectType, TypeDecoder } from './object-types.js';
import type { Process } from './process-reader.js';

/** An object, and the processes that have handles to it. */
export interface HeldObject {
  /** As the kernel names its type: `Process`, `File`. */
  readonly type: string;
  readonly address: VirtualAddress;
  /** The process that it is, or, of a thread, that it belongs to; null for other types, and where that is not known. */
  readonly process: Process | null;
  /** Whether the process or thread has ended; null for other types, and where that cannot be told. */
  readonly isExited: boolean | null;
  /** Number of handles by process. */
  readonly holders: ReadonlyMap<Process, number>;
}

/** A type whose objects were looked for. */
export interface HeldType {
  readonly name: string;
  /** The kernel's own count of its objects; null where the table of types cannot be read. */
  readonly count: number | null;
  /** Those that were found, by address. */
  readonly objects: readonly HeldObject[];
}

export interface HeldObjects {
  /** Those that were asked for. */
  readonly types: readonly HeldType[];
  /** Names of all types that can be told apart. */
  readonly known: readonly string[];
  /** Why no handle could be read, so that holders are not known; null where they are. */
  readonly holdersMissing: string | null;
  /** What was left out since there are too many objects; null where nothing was. */
  readonly leftOut: string | null;
  /** What could not be read, or was not what it should be. */
  readonly unreadable: number;
  /** The first of these. */
  readonly reason: string | null;
}

/**
 * The pool tag of a type's objects: the first four characters of its name, filled up with spaces, as ObCreateObjectType
 * makes it where a type names none of its own.
 */
export function tagOfType(type: string): string {
  return type.slice(0, 4).padEnd(4);
}

/** What a survey has found out before holders are asked for. */
export interface Surveyed {
  readonly memory: VirtualMemory;
  readonly layout: KernelLayout;
  readonly processes: readonly Process[];
  /** Of all processes. */
  readonly threads: ReadonlySet<VirtualAddress>;
  readonly types: readonly ObjectType[] | string;
  readonly decoder: TypeDecoder | string;
  /** Why the survey could not read handles; null where it could. */
  readonly handlesMissing: string | null;
}

/** Types whose objects are found without a handle. */
const LISTED = ['Process', 'Thread', 'Token'];

/** DISPATCHER_HEADER.SignalState: a process and a thread are signalled when they have ended. */
const SIGNAL_STATE = 4;

/** Puts objects and their holders together; keeps a bounded number of them. */
class Holdings {
  readonly tally = new Tally();
  private readonly byType = new Map<string, Map<VirtualAddress, Map<Process, number>>>();
  private objects = 0;
  private beyond = 0;

  /** @param most objects that are kept */
  constructor(private readonly most: number) {}

  add(type: string, object: VirtualAddress): Map<Process, number> | null {
    const ofType = this.byType.get(type) ?? new Map<VirtualAddress, Map<Process, number>>();
    this.byType.set(type, ofType);
    const known = ofType.get(object);
    if (known !== undefined) return known;
    if (this.objects >= this.most) {
      this.beyond++;
      return null;
    }
    this.objects++;
    const holders = new Map<Process, number>();
    ofType.set(object, holders);
    return holders;
  }

  hold(type: string, object: VirtualAddress, holder: Process): void {
    const holders = this.add(type, object);
    holders?.set(holder, (holders.get(holder) ?? 0) + 1);
  }

  get leftOut(): string | null {
    if (this.beyond === 0) return null;
    return `more than ${this.most} objects: ${this.beyond} others, or handles to them, are left out`;
  }

  *ofType(type: string): Generator<readonly [VirtualAddress, ReadonlyMap<Process, number>]> {
    yield* [...(this.byType.get(type) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
  }
}

/**
 * Answers which objects there are, and who holds them: processes and threads from the kernel's lists, all types from the
 * handle tables of every process. An object of another type without a handle is not found. What was asked last is kept:
 * its rows, and what is missing of them, take one walk.
 */
export class HeldObjectSearch {
  private readonly known: readonly string[];
  private last: { readonly asked: string; readonly answer: Promise<HeldObjects> } | null = null;

  /** @param most objects that are told */
  constructor(
    private readonly surveyed: Surveyed,
    private readonly most = MAX_OBJECTS,
  ) {
    const { handlesMissing, decoder } = surveyed;
    this.known = handlesMissing !== null || typeof decoder === 'string' ? LISTED : decoder.typeNames();
  }

  ask(isWanted: (type: string) => boolean): Promise<HeldObjects> {
    const wanted = this.known.filter(isWanted);
    const asked = JSON.stringify(wanted);
    if (this.last?.asked === asked) return this.last.answer;
    const answer = heldObjects(this.surveyed, this.known, wanted, this.most);
    if (wanted.length > 0) {
      this.last = { asked, answer };
      answer.catch(() => (this.last = null));
    }
    return answer;
  }
}

async function heldObjects(
  surveyed: Surveyed,
  known: readonly string[],
  wanted: readonly string[],
  most: number,
): Promise<HeldObjects> {
  const { processes, types, handlesMissing } = surveyed;
  const holdings = new Holdings(most);
  if (wanted.includes('Process')) for (const { address } of processes) holdings.add('Process', address);
  if (wanted.includes('Thread')) for (const thread of surveyed.threads) holdings.add('Thread', thread);
  if (wanted.includes('Token'))
    for (const { token } of processes) if (token !== undefined && token !== 0n) holdings.add('Token', token);
  if (handlesMissing === null && wanted.length > 0) await addHandles(holdings, surveyed, new Set(wanted));
  const owners = new Owners(surveyed);
  const held: HeldType[] = [];
  for (const name of wanted) {
    const objects: HeldObject[] = [];
    for (const [address, holders] of holdings.ofType(name))
      objects.push({ type: name, address, holders, ...(await owners.of(name, address)) });
    const type = typeof types === 'string' ? undefined : types.find((one) => one.name === name);
    held.push({ name, count: type?.objects ?? null, objects });
  }
  const { unreadable, reason } = holdings.tally;
  return { types: held, known, holdersMissing: handlesMissing, leftOut: holdings.leftOut, unreadable, reason };
}

/** Walks every handle table. */
async function addHandles(holdings: Holdings, surveyed: Surveyed, wanted: ReadonlySet<string>): Promise<void> {
  const { memory, layout, processes, decoder } = surveyed;
  const tables = HandleTables.of(memory, layout);
  if (typeof tables === 'string' || typeof decoder === 'string') return;
  const seen = new Set<VirtualAddress>();
  for (const process of processes) {
    const { objectTable: table } = process;
    if (table === undefined || table === 0n || seen.has(table)) continue;
    seen.add(table);
    const walk = tables.walk(table);
    for await (const { object: header } of walk.entries()) {
      const type = await decoder.typeOf(header);
      if (type === undefined) holdings.tally.miss(`the object header at ${hex(header)} is missing`);
      else if (type !== null && wanted.has(type)) holdings.hold(type, decoder.body(header), process);
    }
    holdings.tally.add(walk.tally);
  }
}

/** Which process an object is, or belongs to. */
class Owners {
  private readonly byAddress = new Map<VirtualAddress, Process>();
  private readonly byId = new Map<number, Process>();

  constructor(private readonly surveyed: Surveyed) {
    for (const process of surveyed.processes) {
      this.byAddress.set(process.address, process);
      // An id may have been given anew: the process that runs has it.
      if (process.exitTime === null || !this.byId.has(process.pid)) this.byId.set(process.pid, process);
    }
  }

  async of(type: string, object: VirtualAddress): Promise<Pick<HeldObject, 'process' | 'isExited'>> {
    if (type === 'Process') {
      const process = this.byAddress.get(object) ?? null;
      const exitTime = process?.exitTime;
      return { process, isExited: exitTime === undefined ? null : exitTime !== null };
    }
    return type === 'Thread' ? this.ofThread(object) : { process: null, isExited: null };
  }

  private async ofThread(thread: VirtualAddress): Promise<Pick<HeldObject, 'process' | 'isExited'>> {
    const { memory, layout } = this.surveyed;
    const cid = layout.fields('ethread', 'Cid');
    const id = typeof cid === 'string' ? null : await memory.readPointer(virtualAddress(thread + BigInt(cid.Cid)));
    const signal = await readCached(memory, virtualAddress(thread + BigInt(SIGNAL_STATE)), 4);
    return {
      process: id === null ? null : (this.byId.get(Number(id)) ?? null),
      isExited: signal === null ? null : signal.readInt32LE() > 0,
    };
  }
}
