import assert from 'node:assert/strict';
import { PoolTrackerError } from '../../../src/errors.js';

/** What tests ask of an image that others made. */
export type Check =
  | 'walk by symbols'
  | 'walk by kdbg'
  | 'walk by structure'
  | 'objects'
  /** Every tag that the truth has. */
  | 'carve'
  /** Carving gives the identity that walking gives. */
  | 'carve as walk';

const WALKS: readonly Check[] = ['walk by symbols', 'walk by kdbg', 'walk by structure', 'objects', 'carve as walk'];

type NotRead = Partial<Record<Check, string>>;

function of(checks: readonly Check[], reason: string): NotRead {
  return Object.fromEntries(checks.map((check) => [check, reason]));
}

const EXPANSION = of(
  ['carve', 'carve as walk'],
  'an expansion table that has grown beside its outgrown copies is not put together from pages',
);
const SINGLE = of(
  ['carve', 'carve as walk'],
  'copies of the table of a single processor are not told from the live one at every page',
);

const NULL_POINTER = of(WALKS, 'a processor whose pointer is NULL is not missed');

/**
 * What is not read yet, and why: the one place that says so. Whoever makes one of them work takes it off, or the test
 * fails.
 */
const NOT_READ_YET: Readonly<Record<string, NotRead>> = {
  'hard/seven-last-null.raw': NULL_POINTER,
  'hard/seven-one-cpu.raw': SINGLE,
  'hard/sparse-one-cpu.raw': SINGLE,
  'spill-28000.raw': EXPANSION,
  'x86-7601.elf': SINGLE,
  'x86-7601.raw': SINGLE,
};

/** For the title of a test: why it is pending, or nothing. */
export function notReadYet(name: string, check: Check): string {
  const reason = NOT_READ_YET[name]?.[check];
  return reason === undefined ? '' : ` [not read yet: ${reason}]`;
}

/**
 * Runs a check of an image. One that is on the table must fail, by an error of ours or by a difference, and leaves its
 * test pending; one that passes has to come off.
 */
export async function readsShared(
  test: Mocha.Context,
  name: string,
  check: Check,
  read: () => void | Promise<void>,
): Promise<void> {
  if (notReadYet(name, check) === '') return read();
  const error = await Promise.resolve()
    .then(read)
    .then(
      () => null,
      (thrown: unknown) => thrown,
    );
  if (error === null)
    assert.fail(`${name}, ${check}: it works; take it off the table in test/support/shared/not-read-yet.ts`);
  if (!(error instanceof PoolTrackerError) && !(error instanceof assert.AssertionError)) throw error;
  test.skip();
}

/** The names on the table; each must be of an image that is there. */
export const NAMES_NOT_READ_YET: readonly string[] = Object.keys(NOT_READ_YET);
