import type { VirtualAddress } from '../../address.js';
import type { MeasuredTable } from './measure-table.js';
import type { TagTablesArray } from './tag-tables-array.js';
import { fact, failed, held, unknown, type Fact } from '../proof/proof.js';
import { timeOrder, type TimeOrder } from './time-order.js';

/** A table that may be table 0, with the pointers to it and the checks of it. */
export interface Candidate extends MeasuredTable {
  readonly address: VirtualAddress;
  /** Addresses of the pointers to it. */
  readonly places: readonly VirtualAddress[];
  /** The array of tables that starts at one of the places; null when none can be ExPoolTagTables. */
  readonly array: TagTablesArray | null;
  /** Whether variables with N + 1 and N - 1 are near a place. */
  readonly sizeNear: boolean;
  readonly maskNear: boolean;
}

/** Checks the facts for a candidate; `latest` is checked separately, since it needs the other candidates. */
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

/** The order in time of two candidates; tables of other sizes are unrelated. */
export function orderOf(one: Candidate, other: Candidate): TimeOrder {
  return one.slots === other.slots ? timeOrder(one.table, other.table, one.slots) : 'unrelated';
}

/**
 * Why a rival with the same tags refutes this candidate: not table 0, or an older state of it; else null.
 * @param order in time of the candidate and the rival
 */
export function refutation(
  candidate: Candidate,
  rival: Candidate,
  order: TimeOrder,
  processors: number | null,
): string | null {
  if (order === 'unrelated') return null;
  const [own, theirs] = [candidate.array?.tables.length ?? 1, rival.array?.tables.length ?? 1];
  // The kernel's own report is a copy of table 0 plus all other tables: its counts exceed table 0's.
  if (own === 1 && theirs > 1 && processors !== 1)
    return `a table with the same tags heads an array of ${theirs}, this one stands alone`;
  if (own > 1 && theirs === 1 && processors !== 1) return null;
  return order === 'older' ? 'a table with the same tags counts further: this is an earlier state' : null;
}
