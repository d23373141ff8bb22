import { hex, type PhysicalAddress, type VirtualAddress } from '../../address.js';
import type { Missing } from '../../errors.js';
import type { Process } from '../../kernel/objects/objects.js';
import type { Kernel } from '../../kernel/root/root.js';
import type { KernelLayout } from '../../kernel/symbols/symbols.js';
import { describeFacts, type Fact, fact, unknown } from '../proof/proof.js';
import type { TrackerLayout } from '../table/tracker-layout.js';
import { placeOf, readSessionVariables, type SessionSpace, spaceOf, withoutSessionTables } from './session-place.js';
import type { SessionVariables } from './session-place.js';
import { readSessionTable } from './session-table.js';
import { type SessionTag, tagsOf } from './session-tags.js';

export type { SessionTag } from './session-tags.js';

/** The pool tags of one session, from its own table. */
export interface SessionPool {
  readonly id: number;
  /** Of its MM_SESSION_SPACE. */
  readonly address: VirtualAddress;
  /** Of its table, in its own address space. */
  readonly table: VirtualAddress;
  /** Page table root of a process of the session, through which the table was read. */
  readonly root: PhysicalAddress;
  /** Entries of the table. */
  readonly size: number;
  readonly facts: readonly Fact[];
  readonly tags: readonly SessionTag[];
  /** What could not be read, or makes rows doubtful; empty when all is well. */
  readonly notes: readonly string[];
}

/** The pools of all sessions, and why some could not be read. */
export interface SessionPools {
  readonly sessions: readonly SessionPool[];
  /** One line for each session that could not be read, and for each with doubtful rows. */
  readonly notes: readonly string[];
}

/** More sessions than any terminal server holds. */
const MAX_SESSIONS = 1 << 12;
/** Processes of a session that are tried: the first whose page tables can be read serves. */
const MAX_TRIES = 8;

/**
 * Reads the pool tag table that kernels up to build 22000 keep for each session (ExpSessionPoolTrackTable), which is not
 * part of the system's own counts: win32k's windows, bitmaps and fonts are counted there.
 *
 * Source: ExGetSessionPoolTagInfo, the kernel's own report of them: all entries of the table with a key, then all of the
 * expansion table that the session's structure names.
 *
 * @param processes of every session, by whose page tables session space is seen
 * @param tracker layout of the system's own tables: the sessions' are alike
 */
export async function readSessionPools(
  kernel: Kernel,
  layout: KernelLayout,
  processes: readonly Process[],
  tracker: TrackerLayout,
): Promise<SessionPools | Missing> {
  const without = withoutSessionTables(kernel);
  if (without !== null) return { missing: without };
  const variables = await readSessionVariables(kernel, layout);
  if (typeof variables === 'string') return { missing: variables };
  const members = bySession(processes);
  if (members.size === 0) return { missing: `none of ${processes.length} processes is known to be in a session` };

  const sessions: SessionPool[] = [];
  const notes: string[] = [];
  for (const [address, own] of [...members].slice(0, MAX_SESSIONS)) {
    const pool = await readOne(kernel, layout, own, variables, tracker);
    if (typeof pool === 'string') notes.push(`session space at ${hex(address)}: ${pool}`);
    else if (sessions.some(({ id }) => id === pool.id))
      notes.push(`session ${pool.id} is named twice: ${hex(address)}`);
    else sessions.push(pool);
  }
  if (members.size > MAX_SESSIONS) notes.push(`more than ${MAX_SESSIONS} sessions: the rest is not read`);
  for (const { id, notes: own } of sessions) notes.push(...own.map((note) => `session ${id}: ${note}`));
  return { sessions: sessions.sort((a, b) => a.id - b.id), notes };
}

/** Processes by the session they are in; those that have ended have left its space. */
function bySession(processes: readonly Process[]): Map<VirtualAddress, Process[]> {
  const members = new Map<VirtualAddress, Process[]>();
  for (const process of processes) {
    const { session, exitTime } = process;
    if (session === undefined || session === 0n || exitTime instanceof Date) continue;
    members.set(session, [...(members.get(session) ?? []), process]);
  }
  return members;
}

async function readOne(
  kernel: Kernel,
  layout: KernelLayout,
  processes: readonly Process[],
  variables: SessionVariables,
  tracker: TrackerLayout,
): Promise<SessionPool | string> {
  let reason = '';
  for (const process of processes.slice(0, MAX_TRIES)) {
    const space = await spaceOf(kernel, layout, process);
    const pool = typeof space === 'string' ? space : await readThrough(space, layout, variables, tracker);
    if (typeof pool !== 'string') return pool;
    reason ||= pool;
  }
  return reason;
}

async function readThrough(
  space: SessionSpace,
  layout: KernelLayout,
  variables: SessionVariables,
  tracker: TrackerLayout,
): Promise<SessionPool | string> {
  const place = await placeOf(space, layout, variables);
  if (typeof place === 'string') return place;
  if (place.identity.outcome === 'failed') return describeFacts([place.identity]);
  const { size: claimed, mask } = variables;
  const sizes = sizeFact(claimed, mask);
  if (sizes.outcome === 'failed') return describeFacts([sizes]);
  const read = await readSessionTable(space.memory, place.table, tracker, claimed);
  if (typeof read === 'string') return read;
  const { table, size, proof } = read;
  if (proof.keys === 0 && place.identity.outcome !== 'held')
    return 'its table is empty, and nothing says that it is one';
  const { tags, notes } = await tagsOf(space.memory, read, place);
  if (table.pagesMissing > 0)
    notes.unshift(`${table.pagesMissing} of ${table.pageCount} pages of its table are missing`);
  return {
    id: space.id,
    address: space.address,
    table: place.table,
    root: space.memory.pageTable.root,
    size,
    facts: [
      place.identity,
      sizes,
      fact(
        'law',
        proof.lawful === proof.keys,
        `${proof.lawful} of ${proof.keys} keys lie where the hash law puts them`,
      ),
    ],
    tags,
    notes,
  };
}

/** In a session's table the mask is one less than the size, which is a power of two (system tables: two less). */
function sizeFact(size: number | null, mask: number | null): Fact {
  if (size === null) return unknown('size-mask', 'ExpSessionPoolTrackTableSize is not known');
  const isPower = size >= 2 && size <= 1 << 16 && (size & (size - 1)) === 0;
  return fact(
    'size-mask',
    isPower && (mask === null || mask === size - 1),
    `${size} entries${mask === null ? '' : `, mask ${mask}`}`,
  );
}
