import type { CheckedFact } from '../../kernel/root/root.js';
import type { Doubt } from './doubt.js';

/** Facts that only the true tables meet, checked for candidates. Names are stable: they are written to records. */
export const FACTS = [
  /** PoolTrackTable and ExPoolTagTables[0] are the same pointer. */
  'identity',
  /** PoolTrackTableSize - 1 and PoolTrackTableMask + 1 are N, as determined from the whole table. */
  'size-mask',
  /** Every key obeys the hash law. */
  'law',
  /** ExPoolTagTables holds tables, NULLs and nothing else up to its end. */
  'array-shape',
  /** There are as many tables as processors. */
  'processor-count',
  /** No other table with the same tags has higher counts. */
  'latest',
  /** The expansion table is named among the variables of the tables. */
  'expansion-place',
  /** A variable holds a size of the expansion table that fits the entries in use. */
  'expansion-size',
  /** Keys of the expansion table occur once, and not in table 0, which has no free slot. */
  'expansion-keys',
  /** No other table holds the expansion table's tags with higher counts. */
  'expansion-latest',
] as const;
/** One of FACTS: stable, to be matched by programs. */
export type FactName = (typeof FACTS)[number];

/** What became of asking a candidate for one fact. */
export interface Fact extends CheckedFact {
  /** Which one. */
  readonly fact: FactName;
}

export function held(fact: FactName, detail: string): Fact {
  return { fact, outcome: 'held', detail };
}

export function failed(fact: FactName, detail: string): Fact {
  return { fact, outcome: 'failed', detail };
}

export function unknown(fact: FactName, detail: string): Fact {
  return { fact, outcome: 'unknown', detail };
}

/** A fact that holds or fails. */
export function fact(name: FactName, holds: boolean, detail: string): Fact {
  return holds ? held(name, detail) : failed(name, detail);
}

/** `identity failed: …; size-mask unknown: …`: for messages. */
export function describeFacts(facts: readonly Fact[]): string {
  return facts.map(({ fact: name, outcome, detail }) => `${name} ${outcome}: ${detail}`).join('; ');
}

/** Failed and unknown facts, as doubts about every tag, or about those of the expansion table. The law is examined page by page. */
export function doubtsOf(facts: readonly Fact[]): Doubt[] {
  return facts
    .filter(({ fact: name, outcome }) => outcome !== 'held' && name !== 'law')
    .map(({ fact: name, outcome, detail }) => ({
      code: `fact-${name}`,
      message: `${name} ${outcome}: ${detail}`,
      slots: null,
      ...(name.startsWith('expansion-') ? { table: 'expansion' as const } : {}),
    }));
}
