import type { VirtualAddress } from '../../address.js';
import type { CheckedFact, Rejection } from '../../kernel/root/root.js';
import type { Fact } from '../proof/proof.js';
import type { TableSet } from './table-set.js';

/** The outcome of a locating method: the tables, or the reason why it did not find them. */
export interface Located {
  readonly tables: TableSet | null;
  readonly reason: string;
  readonly rejected: readonly Rejection[];
  /** Whether a table was named and refuted, so that no other may take its place. */
  readonly isVeto: boolean;
  /** Of a table that was refuted: its address and the facts checked. */
  readonly refuted?: { readonly address: VirtualAddress; readonly facts: readonly CheckedFact[] };
}

/** The method found no table. */
export function notLocated(reason: string, rejected: readonly Rejection[] = []): Located {
  return { tables: null, reason, rejected, isVeto: false };
}

/** The method found a table that is not, or not provably, table 0. */
export function refuted(reason: string, address: VirtualAddress, facts: readonly Fact[]): Located {
  return { tables: null, reason, rejected: [], isVeto: true, refuted: { address, facts } };
}
