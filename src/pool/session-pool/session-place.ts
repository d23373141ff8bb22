import { hex, PAGE_SIZE, virtualAddress, type VirtualAddress } from '../../address.js';
import type { Process } from '../../kernel/objects/objects.js';
import type { Kernel } from '../../kernel/root/root.js';
import type { KernelLayout } from '../../kernel/symbols/symbols.js';
import { readCached, type VirtualMemory } from '../../memory/virtual-memory.js';
import { type Fact, fact, unknown } from '../proof/proof.js';

/** First build without such tables: no function of its kernel refers to them any more. */
const FIRST_BUILD_WITHOUT = 22621;
/** Last build whose kernel is known to have them. */
const LAST_BUILD_WITH = 22000;

/** What the kernel's variables say of every session's table. */
export interface SessionVariables {
  /** Entries of the table (ExpSessionPoolTrackTableSize); null when not known. */
  readonly size: number | null;
  /** ExpSessionPoolTrackTableMask; null when not known. */
  readonly mask: number | null;
  /** The same address in each session's space; null where the session's own structure holds it (22000). */
  readonly table: VirtualAddress | null;
}

/** A session's space, as one of its processes sees it. */
export interface SessionSpace {
  readonly id: number;
  /** Of its MM_SESSION_SPACE. */
  readonly address: VirtualAddress;
  /** The address space of a process of the session. */
  readonly memory: VirtualMemory;
}

/** Where a session's tables lie. */
export interface SessionPlace {
  readonly table: VirtualAddress;
  /** Of the expansion table: address and entries; null when the session has none, a reason when that is not known. */
  readonly expansion: { readonly address: VirtualAddress; readonly entries: number } | null | string;
  /** Whether the table is this session's own. */
  readonly identity: Fact;
}

/** Entries that an expansion table can have. */
const MAX_EXPANSION = 1 << 16;

/** Why a kernel keeps no tables for its sessions' pools; null when it does, as far as is known. */
export function withoutSessionTables({ sharedData }: Kernel): string | null {
  const { build } = sharedData;
  if (build >= FIRST_BUILD_WITHOUT)
    return `Windows build ${build} counts no pool by session: kernels stopped after build ${LAST_BUILD_WITH}`;
  return build > LAST_BUILD_WITH
    ? `whether Windows build ${build} counts pool by session is not known: ${LAST_BUILD_WITH} did, ${FIRST_BUILD_WITHOUT} does not`
    : null;
}

/** Reads the variables; a reason when what is known of the build does not lead to the tables. */
export async function readSessionVariables(
  { memory }: Kernel,
  layout: KernelLayout,
): Promise<SessionVariables | string> {
  const value = async (name: 'ExpSessionPoolTrackTableSize' | 'ExpSessionPoolTrackTableMask') => {
    const at = layout.address(name);
    const word = typeof at === 'string' ? null : await memory.readPointer(at);
    return word === null ? null : Number(word);
  };
  const at = layout.address('ExpSessionPoolTrackTable');
  const table = typeof at === 'string' ? null : await memory.readPointer(at);
  if (typeof at !== 'string' && table === null) return `the page of ExpSessionPoolTrackTable at ${hex(at)} is missing`;
  if (table === 0n) return 'ExpSessionPoolTrackTable is null: no session had begun';
  if (typeof at === 'string' && layout.field('sessionSpace', 'PoolTags') === undefined) return at;
  return {
    size: await value('ExpSessionPoolTrackTableSize'),
    mask: await value('ExpSessionPoolTrackTableMask'),
    table,
  };
}

/** The session that a process is in, seen through its own page tables; a reason when it cannot be seen. */
export async function spaceOf(
  { memory }: Kernel,
  layout: KernelLayout,
  { session, pageTableRoot, name, pid }: Process,
): Promise<SessionSpace | string> {
  const id = layout.field('sessionSpace', 'SessionId');
  if (id === undefined || session === undefined)
    return 'not available for this build: the offset of _MM_SESSION_SPACE.SessionId is not known';
  if (pageTableRoot === undefined) return `the page table root of ${name} (${pid}) is not known`;
  const own = memory.withRoot(pageTableRoot);
  const word = own.pageTable.isKernelAddress(session)
    ? await readCached(own, virtualAddress(session + BigInt(id)), 4)
    : null;
  if (word === null) return `the session space at ${hex(session)} of ${name} (${pid}) is missing`;
  return { id: word.readUInt32LE(), address: session, memory: own };
}

/** Where the tables of a session lie; a reason when its structure cannot be read. */
export async function placeOf(
  space: SessionSpace,
  layout: KernelLayout,
  { table }: SessionVariables,
): Promise<SessionPlace | string> {
  const { memory, address } = space;
  const tags = layout.field('sessionSpace', 'PoolTags');
  const own = table ?? (await pointerAt(memory, address, tags!));
  if (own === null || !memory.pageTable.isKernelAddress(own))
    return `MM_SESSION_SPACE.PoolTags of session ${space.id} leads nowhere`;
  return {
    table: own,
    expansion: await expansionOf(space, layout),
    identity:
      table === null
        ? fact('identity', true, "named by the session's own structure")
        : await identityOf(space, layout, own, tags ?? structurePages(layout)),
  };
}

/** The table stands behind the structure's pages in session space where the structure does not contain it. */
function structurePages(layout: KernelLayout): number | undefined {
  const size = layout.field('sessionSpace', 'size');
  return size === undefined ? undefined : Math.ceil(size / PAGE_SIZE) * PAGE_SIZE;
}

/** The structure before the table, at the address that all sessions share, must be of the same session. */
async function identityOf(
  { memory, id }: SessionSpace,
  layout: KernelLayout,
  table: VirtualAddress,
  tags: number | undefined,
): Promise<Fact> {
  const field = layout.field('sessionSpace', 'SessionId');
  if (tags === undefined || field === undefined)
    return unknown('identity', 'where the session structure stands before its table is not known');
  const at = virtualAddress(table - BigInt(tags) + BigInt(field));
  const word = await readCached(memory, at, 4);
  if (word === null) return unknown('identity', `the session structure before the table, at ${hex(at)}, is missing`);
  const found = word.readUInt32LE();
  return fact('identity', found === id, `the structure before the table is that of session ${found}`);
}

async function expansionOf(
  { memory, address }: SessionSpace,
  layout: KernelLayout,
): Promise<SessionPlace['expansion']> {
  const fields = layout.fields('sessionSpace', 'PoolTrackTableExpansion', 'PoolTrackTableExpansionSize');
  if (typeof fields === 'string') return fields;
  const at = await pointerAt(memory, address, fields.PoolTrackTableExpansion);
  const entries = await pointerAt(memory, address, fields.PoolTrackTableExpansionSize);
  if (at === null || entries === null) return 'the page that names the expansion table is missing';
  if (at === 0n) return entries === 0n ? null : `the expansion table is null but has ${entries} entries`;
  if (!memory.pageTable.isKernelAddress(at) || entries === 0n || entries > MAX_EXPANSION)
    return `no expansion table can lie at ${hex(at)} with ${entries} entries`;
  return { address: at, entries: Number(entries) };
}

async function pointerAt(memory: VirtualMemory, base: VirtualAddress, offset: number): Promise<VirtualAddress | null> {
  const bytes = await readCached(memory, virtualAddress(base + BigInt(offset)), memory.pointerSize);
  return bytes === null ? null : memory.pointerAt(bytes, 0);
}
