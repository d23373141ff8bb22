import type { VirtualAddress } from '../../address.js';
import type { Doubt, Fact } from '../proof/proof.js';
import type { LawProof } from '../table/hash-law.js';
import type { LocatedBy, ProcessorTable } from '../table/memory-page.js';
import type { TrackerLayout } from '../table/tracker-layout.js';

/** The kernel's tracker tables, located and proved, to be read by a walk. */
export interface TableSet {
  readonly locatedBy: LocatedBy;
  readonly layout: TrackerLayout;
  /** N, the hashed slots; each table has N + 1 entries. */
  readonly slots: number;
  /** By processor number, table 0 first. */
  readonly tables: readonly ProcessorTable[];
  /** Number of ExPoolTagTables pointers on missing pages: there may be more processors than tables. */
  readonly unreadablePointers: number;
  /** Null when there is none. */
  readonly expansion: {
    /** Address of its first entry. */
    readonly address: VirtualAddress;
    /** Number of entries, used and free. */
    readonly entries: number;
  } | null;
  /** The proof of table 0. */
  readonly proof: LawProof;
  /** Facts checked for table 0 and the variables that lead to it. */
  readonly facts: readonly Fact[];
  /** Facts that failed or could not be checked, as doubts about counts. */
  readonly doubts: readonly Doubt[];
}
