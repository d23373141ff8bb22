import type { VirtualAddress } from '../../../address.js';
import type { Rejection } from '../../../kernel/root/root.js';
import type { Doubt, Fact } from '../../proof/proof.js';

/** The expansion table as far as it was found, and what it was held against. */
export interface ExpansionFinding {
  /** Null when there is none, and when none can be told from the others. */
  readonly expansion: { readonly address: VirtualAddress; readonly entries: number } | null;
  readonly facts: readonly Fact[];
  readonly doubts: readonly Doubt[];
  readonly rejected: readonly Rejection[];
}

export const NO_EXPANSION: ExpansionFinding = { expansion: null, facts: [], doubts: [], rejected: [] };

/** A doubt that concerns the tags of the expansion table alone, those that are not given included. */
export function expansionDoubt(code: Doubt['code'], message: string): Doubt {
  return { code, message, slots: null, table: 'expansion' };
}
