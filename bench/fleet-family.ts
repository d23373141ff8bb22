/** Tags of one driver: on hosts that run it they count the same things and move together, on the others each by itself. */
import { Random } from '../test/support/generate/random.js';
import { generateTags } from '../test/support/generate/tracker/tag-plan.js';
import type { TagPlan } from '../test/support/generate/tracker/tracker-table-writer.js';

/** Allocations under each tag for one thing of the driver's. */
const SHARES: readonly number[] = [3, 1, 6, 2];
const START = 2000;

/** Keys of the family's tags, none of which is among the given ones. */
export function familyKeys(seed: number, others: readonly number[]): number[] {
  const taken = new Set(others);
  return generateTags(new Random(seed), 2 * SHARES.length + others.length, 1, 56)
    .map(({ key }) => key)
    .filter((key) => !taken.has(key))
    .slice(0, SHARES.length);
}

/** One host's counts of the family, asked capture by capture. They grow a little, with as many falls as rises nearly. */
export class FamilyCounts {
  private levels: number[] = [];
  private boot = -1;

  /** @param isOne whether the driver runs here */
  constructor(
    private readonly random: Random,
    private readonly keys: readonly number[],
    private readonly isOne: boolean,
  ) {}

  at(boot: number): TagPlan[] {
    if (boot !== this.boot) this.levels = this.keys.map(() => START);
    this.boot = boot;
    const steps = this.keys.map(() => this.random.below(21) - 8);
    this.levels = this.levels.map((level, index) => level + steps[this.isOne ? 0 : index]!);
    return this.keys.map((key, index) => {
      const count = BigInt(SHARES[index]! * this.levels[index]! + this.random.below(2));
      return { key, perProcessor: [{ nonPagedAllocs: count, nonPagedBytes: count * 96n }, {}] };
    });
  }
}
