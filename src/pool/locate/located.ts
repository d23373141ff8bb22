import type { Rejection } from '../../kernel/root/root.js';
import type { TableSet } from './table-set.js';

/** A way of locating: the tables, or the reason why this way does not lead to them. */
export interface Located {
  readonly tables: TableSet | null;
  readonly reason: string;
  readonly rejected: readonly Rejection[];
  /** Whether a table was named and refuted: then no other may take its place. */
  readonly isVeto: boolean;
}

/** This way names no table. */
export function notLocated(reason: string, rejected: readonly Rejection[] = []): Located {
  return { tables: null, reason, rejected, isVeto: false };
}

/** This way names a table that is not, or not provably, table 0. */
export function refuted(reason: string, rejected: readonly Rejection[] = []): Located {
  return { tables: null, reason, rejected, isVeto: true };
}
