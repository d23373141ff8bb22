import { fileTime } from '../kernel/kuser-shared-data.js';
import { writeHandleTable } from './handle-table-writer.js';
import type { ObjectBuild } from '../kernel/kernel-structures.js';
import type { ObjectTruth, ProcessPlan, ProcessTruth } from './object-plan.js';
import { PoolSpace } from '../tracker/pool-space.js';
import type { PageTableWriter } from '../paging/page-table-writer.js';
import type { Random } from '../random.js';

/** Types by their index, from 2 on, as ObTypeIndexTable has them. */
const TYPES = [
  'Type',
  'Directory',
  'SymbolicLink',
  'Token',
  'Job',
  'Process',
  'Thread',
  'Event',
  'File',
  'Key',
] as const;
type TypeName = (typeof TYPES)[number];
const FIRST_TYPE = 2;
const CREATED = new Date('2024-08-30T08:00:00Z');
export const EXITED = new Date('2024-08-31T09:30:00Z');

/** Writes objects with their headers, types and lists into generated memory. */
export class ObjectWriter {
  private readonly pool: PoolSpace;
  private readonly cookie: number;
  private readonly counts = new Map<TypeName, number>();
  private readonly ids = new Map<number, bigint>();
  private files = 0;
  private keys = 0;
  private allocations = 0;

  constructor(
    private readonly space: PageTableWriter,
    random: Random,
    private readonly build: ObjectBuild,
    private readonly variables: Readonly<Record<string, bigint>>,
    start: bigint,
  ) {
    this.pool = new PoolSpace(space, start);
    this.cookie = build.encodesTypes ? 1 + random.below(255) : 0;
  }

  write(plans: readonly ProcessPlan[]): ObjectTruth {
    const made = plans.map((plan) => ({
      plan,
      address: this.object('Process', this.size('eprocess')),
      threads: this.threads(plan),
    }));
    const addressOf = (pid: number): bigint => made.find(({ plan }) => plan.pid === pid)?.address ?? 0n;
    const handleTables = new Map<number, bigint>();
    const processes = made.map(({ plan, address, threads }): ProcessTruth => {
      const token = this.object('Token', 0x400);
      const handles = this.handles(plan, addressOf);
      if (handles !== null) handleTables.set(plan.pid, handles.address);
      this.process(plan, address, token, handles?.address ?? 0n, threads.length);
      this.ring(
        address + this.at('eprocess', 'ThreadListHead'),
        threads.map((thread) => thread + this.at('ethread', 'ThreadListEntry')),
      );
      if (plan.isTerminated !== true && plan.isWithoutId !== true) this.ids.set(plan.pid, address);
      return { plan, address, threads, token, handles: handles?.count ?? null };
    });
    const linked = processes.filter(({ plan }) => plan.isUnlinked !== true);
    this.ring(
      this.variables['PsActiveProcessHead'] ?? 0n,
      linked.map(({ address }) => address + this.at('eprocess', 'ActiveProcessLinks')),
    );
    const sessions = this.sessions(processes);
    const cid = writeHandleTable(this.pool, this.build, this.ids);
    this.space.writeU64(this.variables['PspCidTable'] ?? 0n, cid.address);
    this.types();
    const tableAllocations = this.allocations + 1 + cid.pages;
    return {
      processes,
      files: this.files,
      keys: this.keys,
      tableAllocations,
      sessions,
      cidTable: cid.address,
      handleTables,
    };
  }

  private at(structure: string, field: string): bigint {
    return BigInt(this.build.structures[structure]?.[field] ?? 0);
  }

  private size(structure: string): number {
    return Number(this.at(structure, 'size'));
  }

  /** An object: its header, then itself; the object's address. */
  private object(type: TypeName, length: number): bigint {
    const header = this.pool.allocate(Number(this.at('objectHeader', 'Body')) + length);
    const index = TYPES.indexOf(type) + FIRST_TYPE;
    const code = this.build.encodesTypes ? index ^ this.cookie ^ Number((header >> 8n) & 0xffn) : index;
    this.space.write(header + this.at('objectHeader', 'TypeIndex'), Buffer.from([code]));
    this.counts.set(type, (this.counts.get(type) ?? 0) + 1);
    return header + this.at('objectHeader', 'Body');
  }

  private threads(plan: ProcessPlan): bigint[] {
    return (plan.threads ?? []).map((id) => {
      const thread = this.object('Thread', this.size('ethread'));
      this.space.write(thread, Buffer.from([6]));
      this.space.writeU64(thread + this.at('ethread', 'Cid'), BigInt(plan.pid));
      this.space.writeU64(thread + this.at('ethread', 'Cid') + 8n, BigInt(id));
      this.ids.set(id, thread);
      return thread;
    });
  }

  private handles(plan: ProcessPlan, addressOf: (pid: number) => bigint): { address: bigint; count: number } | null {
    if (plan.hasHandleTable === false || plan.isTerminated === true) return null;
    const objects = (plan.opens ?? []).map(addressOf);
    for (let file = 0; file < (plan.files ?? 0); file++) objects.push(this.object('File', 0xd8));
    for (let key = 0; key < (plan.keys ?? 0); key++) objects.push(this.object('Key', 0x60));
    objects.push(this.object('Event', 0x18));
    this.files += plan.files ?? 0;
    this.keys += plan.keys ?? 0;
    const entries = new Map<number, bigint>();
    let handle = 4;
    for (const object of objects) {
      entries.set(handle, object - this.at('objectHeader', 'Body'));
      handle += (handle + 4) % 0x400 === 0 ? 8 : 4;
    }
    const table = writeHandleTable(this.pool, this.build, entries, plan.handleLevels ?? 0);
    this.allocations += 1 + table.pages;
    return { address: table.address, count: entries.size };
  }

  private process(plan: ProcessPlan, address: bigint, token: bigint, table: bigint, threads: number): void {
    const set = (field: string, value: bigint): void =>
      this.space.writeU64(address + this.at('eprocess', field), value);
    this.space.write(address, Buffer.from([3]));
    this.space.writeU64(address + this.at('kprocess', 'DirectoryTableBase'), BigInt(this.space.root) | 2n);
    set('ActiveThreads', BigInt(threads));
    set('UniqueProcessId', BigInt(plan.pid));
    set('InheritedFromUniqueProcessId', BigInt(plan.ppid ?? 0));
    set('CreateTime', fileTime(new Date(CREATED.getTime() + plan.pid)));
    set('ExitTime', plan.isTerminated === true ? fileTime(EXITED) : 0n);
    set('ObjectTable', table);
    // QuotaProcess stands behind TableCode.
    if (table !== 0n) this.space.writeU64(table + this.at('handleTable', 'TableCode') + 8n, address);
    set('Token', token | 0xfn);
    this.space.write(address + this.at('eprocess', 'ImageFileName'), Buffer.from(plan.name.slice(0, 15), 'latin1'));
  }

  private sessions(processes: readonly ProcessTruth[]): Map<number, bigint> {
    const members = new Map<number, bigint[]>();
    for (const { plan, address } of processes) {
      if (plan.session !== undefined && plan.isTerminated !== true)
        members.set(plan.session, [...(members.get(plan.session) ?? []), address]);
    }
    const sessions = new Map<number, bigint>();
    for (const [id, addresses] of members) {
      const session = this.pool.allocate(this.size('sessionSpace'), 0x1000);
      const number = Buffer.alloc(4);
      number.writeUInt32LE(id);
      this.space.write(session + this.at('sessionSpace', 'SessionId'), number);
      this.ring(
        session + this.at('sessionSpace', 'ProcessList'),
        addresses.map((address) => address + this.at('eprocess', 'SessionProcessLinks')),
      );
      for (const address of addresses) this.space.writeU64(address + this.at('eprocess', 'Session'), session);
      sessions.set(id, session);
    }
    return sessions;
  }

  /** Links a head and its members into a ring, both ways. */
  private ring(head: bigint, members: readonly bigint[]): void {
    const all = [head, ...members];
    for (const [index, entry] of all.entries()) {
      this.space.writeU64(entry, all[(index + 1) % all.length] ?? head);
      this.space.writeU64(entry + 8n, all.at(index - 1) ?? head);
    }
  }

  private types(): void {
    const table = this.variables['ObTypeIndexTable'];
    if (table === undefined) return;
    const cookie = this.variables['ObHeaderCookie'];
    if (cookie !== undefined) this.space.write(cookie, Buffer.from([this.cookie]));
    this.space.writeU64(table, 0n);
    this.space.writeU64(table + 8n, 0xbad0b0b0n);
    for (const [order, name] of TYPES.entries()) {
      const type = this.pool.allocate(this.size('objectType'));
      const text = Buffer.from(name, 'utf16le');
      const characters = this.pool.allocate(text.length);
      this.space.write(characters, text);
      const string = Buffer.alloc(16);
      string.writeUInt16LE(text.length, 0);
      string.writeUInt16LE(text.length + 2, 2);
      string.writeBigUInt64LE(characters, 8);
      this.space.write(type + this.at('objectType', 'Name'), string);
      this.space.write(type + this.at('objectType', 'Index'), Buffer.from([order + FIRST_TYPE]));
      this.space.writeU64(type + this.at('objectType', 'TotalNumberOfObjects'), BigInt(this.counts.get(name) ?? 0));
      this.space.writeU64(table + BigInt((order + FIRST_TYPE) * 8), type);
    }
    this.space.writeU64(table + BigInt((TYPES.length + FIRST_TYPE) * 8), 0n);
  }
}
