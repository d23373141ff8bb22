import fc from 'fast-check';
import { Random } from '../generate/random.js';
import { howToPin, pinsOf, propertyName, SEED, sweepSeed } from './seeds.js';

type Details<Values> = fc.RunDetails<Values>;

function report<Values>(name: string, details: Details<Values>, text: string | undefined): void {
  if (!details.failed) return;
  throw new Error(`${text ?? 'the property failed'}\n\n${howToPin(name, details.seed, details.counterexamplePath)}`, {
    cause: details.errorInstance,
  });
}

/** The runs of a property: each pinned case, then the seed of this run. */
function runsOf<Values>(name: string, parameters: fc.Parameters<Values>): readonly fc.Parameters<Values>[] {
  const pinned = pinsOf(name).map((pin) => ({ ...parameters, ...pin, endOnFailure: true }));
  return [...pinned, { ...parameters, seed: SEED }];
}

/** `fc.assert` with the seed of this run, and with the cases that failed once. A failure tells how to pin it. */
export function assertProperty<Values>(property: fc.IProperty<Values>, parameters: fc.Parameters<Values> = {}): void {
  const name = propertyName();
  for (const run of runsOf(name, parameters)) {
    const details = fc.check(property, run);
    report(name, details, fc.defaultReportMessage(details));
  }
}

/** As `assertProperty`, of a property that waits. */
export async function assertAsyncProperty<Values>(
  property: fc.IAsyncProperty<Values>,
  parameters: fc.Parameters<Values> = {},
): Promise<void> {
  const name = propertyName();
  for (const run of runsOf(name, parameters)) {
    const details = await fc.check(property, run);
    report(name, details, await fc.asyncDefaultReportMessage(details));
  }
}

/**
 * A sweep of a test's own over random choices: from the seed `fixed` in every run but the long one, and from each that
 * failed once. A failure tells how to pin it.
 */
export async function sweep(fixed: number, run: (random: Random) => void | Promise<void>): Promise<void> {
  const name = propertyName();
  for (const seed of [...pinsOf(name).map((pin) => pin.seed), sweepSeed(fixed)]) {
    try {
      await run(new Random(seed));
    } catch (error) {
      if (error instanceof Error) error.message += `\n\n${howToPin(name, seed, null)}`;
      throw error;
    }
  }
}
