import type { VirtualAddress } from '../../address.js';
import type { MeasuredTable } from './measure-table.js';
import type { TagTablesArray } from './tag-tables-array.js';
import { fact, failed, held, unknown, type Fact } from '../proof/proof.js';
import { timeOrder } from './time-order.js';

/** A table that may be table 0, with what names it and what was asked of it. */
export interface Candidate extends MeasuredTable {
  readonly address: VirtualAddress;
  /** Where a pointer to it stands. */
  readonly places: readonly VirtualAddress[];
  /** What the place that heads an array of tables holds; null when none can be ExPoolTagTables. */
  readonly array: TagTablesArray | null;
  /** Whether variables with N + 1 and N - 1 stand near a place. */
  readonly sizeNear: boolean;
  readonly maskNear: boolean;
}

/** What the facts say of a candidate: `latest` is asked apart, since it needs the others. */
export function factsOf(candidate: Candidate, processors: number | null): Fact[] {
  const { places, array, sizeNear, maskNear, slots, proof } = candidate;
  const tables = array?.tables.length ?? 1;
  return [
    fact('law', proof.lawful === proof.keys, `${proof.lawful} of ${proof.keys} keys lie where the hash law puts them`),
    fact(
      'identity',
      places.length > 1 && array !== null,
      `named at ${places.length} ${places.length === 1 ? 'place' : 'places'}${array === null ? ', none of which heads an array of tables' : ''}`,
    ),
    sizeNear && maskNear
      ? held('size-mask', `${slots + 1} and ${slots - 1} stand near it`)
      : failed(
          'size-mask',
          `${sizeNear ? '' : `no ${slots + 1}`}${sizeNear || maskNear ? '' : ' and '}${maskNear ? '' : `no ${slots - 1}`} near it`,
        ),
    array === null
      ? failed('array-shape', 'no place can be ExPoolTagTables')
      : fact('array-shape', array.strangers.length === 0, describeArray(array)),
    processors === null
      ? unknown('processor-count', 'how many processors there are is not known')
      : fact('processor-count', tables === processors, `${tables} tables of ${processors} processors`),
  ];
}

export function describeArray({ tables, strangers, unreadable }: TagTablesArray): string {
  const [stranger] = strangers;
  const odd = stranger === undefined ? '' : `; element ${stranger.index} leads elsewhere: ${stranger.reason}`;
  return `${tables.length} ${tables.length === 1 ? 'table' : 'tables'}${odd}${unreadable === 0 ? '' : `; ${unreadable} pointers cannot be read`}`;
}

/** Why a rival with the same tags shows that this candidate is no table 0, or an older state of it; null when it does not. */
export function refutation(candidate: Candidate, rival: Candidate, processors: number | null): string | null {
  if (candidate.slots !== rival.slots) return null;
  const order = timeOrder(candidate.table, rival.table, candidate.slots);
  if (order === 'unrelated') return null;
  const [own, theirs] = [candidate.array?.tables.length ?? 1, rival.array?.tables.length ?? 1];
  // The kernel's own report is a copy of table 0 to which all others were added: it counts further than table 0.
  if (own === 1 && theirs > 1 && processors !== 1)
    return `a table with the same tags heads an array of ${theirs}, this one stands alone`;
  if (own > 1 && theirs === 1 && processors !== 1) return null;
  return order === 'older' ? 'a table with the same tags counts further: this is an earlier state' : null;
}
