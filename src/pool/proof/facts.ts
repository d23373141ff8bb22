import type { Doubt } from './doubt.js';

/** A fact that only the true tables meet, asked of a candidate. Names are stable: they stand in records. */
export const FACTS = [
  /** PoolTrackTable and ExPoolTagTables[0] are the same pointer. */
  'identity',
  /** PoolTrackTableSize - 1 and PoolTrackTableMask + 1 are N, as the whole table shows it. */
  'size-mask',
  /** Every key lies where the hash law puts it. */
  'law',
  /** ExPoolTagTables holds tables, NULLs and nothing else up to its end. */
  'array-shape',
  /** There are as many tables as processors. */
  'processor-count',
  /** No other table with the same tags counts further. */
  'latest',
] as const;
export type FactName = (typeof FACTS)[number];

export interface Fact {
  readonly fact: FactName;
  /** `unknown` where what it is about could not be read: a doubt, not a pass. */
  readonly outcome: 'held' | 'failed' | 'unknown';
  readonly detail: string;
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

/** What failed or could not be asked, as doubts of every tag. The law is examined page by page. */
export function doubtsOf(facts: readonly Fact[]): Doubt[] {
  return facts
    .filter(({ fact: name, outcome }) => outcome !== 'held' && name !== 'law')
    .map(({ fact: name, outcome, detail }) => ({
      code: `fact-${name}`,
      message: `${name} ${outcome}: ${detail}`,
      slots: null,
    }));
}
