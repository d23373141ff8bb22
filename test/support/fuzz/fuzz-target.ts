import type { CaseSource } from './case-source.js';

/** A parser, the small files that its cases are made from, and how it is fed. */
export interface FuzzTarget {
  /** Stable, kebab-case: what it found is kept under it. */
  readonly name: string;
  /** Small files of the format. */
  seeds(): readonly Buffer[];
  /** Throws what is no PoolTrackerError only where the parser is at fault. */
  run(source: CaseSource): Promise<void>;
  /** The most bytes that one allocation may have, where the format's documented limit is above the usual one. */
  readonly mostAtOnce?: number;
}

/** A function that makes its answer when it is first asked. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => (made ??= { value: make() }).value;
}
