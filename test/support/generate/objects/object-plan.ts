import type { TableEntry, TagPlan } from '../tracker/tracker-table-writer.js';

/** A session's own pool tags. */
export interface SessionPoolPlan {
  /** Id of a session that processes of the plan are in. */
  readonly session: number;
  /** The first share of each tag counts: sessions have one table each. */
  readonly tags: readonly TagPlan[];
}

/** What a session's tables hold. */
export interface SessionPoolTruth {
  readonly session: number;
  /** Physical address of the page table root of its processes. */
  readonly root: number;
  /** The same address in every session. */
  readonly table: bigint;
  readonly size: number;
  /** Physical address of each page of the table. */
  readonly pages: readonly number[];
  readonly entries: readonly TableEntry[];
  readonly expansion: readonly TableEntry[];
}

/** A process to generate. */
export interface ProcessPlan {
  readonly pid: number;
  readonly ppid?: number;
  readonly name: string;
  /** Not on PsActiveProcessHead: what a rootkit does. */
  readonly isUnlinked?: boolean;
  /** Ended and not freed: on PsActiveProcessHead, with an exit time, in no other list. */
  readonly isTerminated?: boolean;
  /** Not in PspCidTable. */
  readonly isWithoutId?: boolean;
  /** Session id; in none when left out. */
  readonly session?: number;
  /** Thread ids. */
  readonly threads?: readonly number[];
  /** Processes that it has a handle to. */
  readonly opens?: readonly number[];
  /** Files and keys that it has a handle to, each an object of its own. */
  readonly files?: number;
  readonly keys?: number;
  /** False: no handle table. */
  readonly hasHandleTable?: boolean;
  /** Levels of pointer pages of its handle table, at least. */
  readonly handleLevels?: number;
}

export interface BigPagePlan {
  readonly key: number;
  readonly bytes: bigint;
  /** POOL_TYPE; 0. */
  readonly poolType?: number;
  readonly free?: boolean;
}

export interface ProcessTruth {
  readonly plan: ProcessPlan;
  /** Of the EPROCESS. */
  readonly address: bigint;
  readonly threads: readonly bigint[];
  readonly token: bigint;
  readonly handles: number | null;
}

/** What a survey should find. */
export interface ObjectTruth {
  readonly processes: readonly ProcessTruth[];
  readonly files: number;
  readonly keys: number;
  /** Allocations of handle tables: structures and pages, PspCidTable's included. */
  readonly tableAllocations: number;
  /** Address of each session's MM_SESSION_SPACE, by id. */
  readonly sessions: ReadonlyMap<number, bigint>;
  /** Address of the HANDLE_TABLE of PspCidTable. */
  readonly cidTable: bigint;
  readonly handleTables: ReadonlyMap<number, bigint>;
}

export interface BigPageTruth extends BigPagePlan {
  readonly slot: number;
  readonly address: bigint;
}
