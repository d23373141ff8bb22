import type { Rejection } from '../../kernel/root/root.js';
import type { TableSet } from './table-set.js';

/** The outcome of a locating method: the tables, or the reason why it did not find them. */
export interface Located {
  readonly tables: TableSet | null;
  readonly reason: string;
  readonly rejected: readonly Rejection[];
  /** Whether a table was named and refuted, so that no other may take its place. */
  readonly isVeto: boolean;
}

/** The method found no table. */
export function notLocated(reason: string, rejected: readonly Rejection[] = []): Located {
  return { tables: null, reason, rejected, isVeto: false };
}

/** The method found a table that is not, or not provably, table 0. */
export function refuted(reason: string, rejected: readonly Rejection[] = []): Located {
  return { tables: null, reason, rejected, isVeto: true };
}
