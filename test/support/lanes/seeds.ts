import { PINNED_SEEDS } from './pinned-seeds.js';

/** The seed of every property in every run but the long one, so that a test that passes today passes tomorrow. */
const FIXED_SEED = 20_240_301;

const CURRENT = Symbol.for('pool-tracker current test');

interface CurrentTest {
  readonly title: string;
  /** Properties and sweeps that it has begun. */
  begun: number;
}

/** Mocha loads the setup file by a way of its own: what it notes must be the same for every copy of this module. */
const shared = globalThis as unknown as Record<symbol, CurrentTest | undefined>;

/** Given by `make torture` alone: another for each of its runs. */
const GIVEN_SEED = process.env.POOL_TRACKER_SEED;

/** The seed of properties in this run. */
export const SEED = GIVEN_SEED === undefined ? FIXED_SEED : Number(GIVEN_SEED);

/** Called before each test, so that a failure can tell whose seed it was. */
export function noteTest(title: string): void {
  shared[CURRENT] = { title, begun: 0 };
}

/** The name that pins know a property by: its test's title, numbered from the second property of a test on. */
export function propertyName(): string {
  const test = shared[CURRENT];
  if (test === undefined) throw new Error('a property runs inside a test, with test/support/lanes/setup.ts loaded');
  return ++test.begun === 1 ? test.title : `${test.title} #${test.begun}`;
}

/** The seed of a sweep that has `fixed` in every run but the long one. */
export function sweepSeed(fixed: number): number {
  return GIVEN_SEED === undefined ? fixed : SEED;
}

/** Seeds and paths that failed once. */
export function pinsOf(name: string): readonly { readonly seed: number; readonly path?: string }[] {
  return PINNED_SEEDS.filter(([pinned]) => pinned === name).map(([, seed, path]) =>
    path === undefined ? { seed } : { seed, path },
  );
}

/** What a failure says, so that one line keeps it for ever. */
export function howToPin(name: string, seed: number, path: string | null): string {
  const pin = [JSON.stringify(name), seed, ...(path === null ? [] : [JSON.stringify(path)])].join(', ');
  return `to pin this case, add this line to test/support/lanes/pinned-seeds.ts:\n  [${pin}],`;
}

/** At how many points a process is killed: KILL_POINTS, or what a test in every run has the time for. */
export function killPoints(usually: number): number {
  return Number(process.env['KILL_POINTS'] ?? usually);
}
