/** How the counts of a host's tags go over time: the planted ones, and all the ordinary ways that look a little alike. */
import type { Random } from '../test/support/generate/random.js';
import { generateTags } from '../test/support/generate/tracker/tag-plan.js';
import type { TagPlan } from '../test/support/generate/tracker/tracker-table-writer.js';

/**
 * - `steady`: about as many always
 * - `daily`: follows the time of day
 * - `warming`: fills up after a start, and then stays
 * - `wandering`: drifts up and down
 * - `jump`: half as many more from some capture on, in a part of the hosts
 */
type Behaviour = 'steady' | 'daily' | 'warming' | 'wandering' | 'jump';

const ORDINARY: readonly Behaviour[] = ['steady', 'daily', 'warming', 'wandering', 'jump', 'steady', 'wandering'];

export interface FleetTag {
  readonly key: number;
  readonly behaviour: Behaviour;
  readonly paged: boolean;
  /** Bytes of one allocation. */
  readonly size: number;
  /** Allocations that an ordinary host has outstanding. */
  readonly level: number;
  /** How many times as many on the newer build. */
  readonly newerFactor: number;
}

/** The tags of a fleet; every host has them all. */
export function fleetTags(random: Random, count: number): FleetTag[] {
  return generateTags(random, count, 1, 56).map(({ key }, index) => ({
    key,
    behaviour: ORDINARY[index % ORDINARY.length]!,
    paged: random.oneIn(2),
    size: 16 * (16 + random.below(48)),
    level: 900 + random.below(1 << (8 + random.below(6))),
    newerFactor: index % 8 === 3 ? 3 : 1,
  }));
}

export interface Moment {
  /** Hours since the host started. */
  readonly uptime: number;
  /** Hours since midnight. */
  readonly timeOfDay: number;
  /** Which capture. */
  readonly capture: number;
  readonly newerBuild: boolean;
}

export interface PlantedTags {
  /** Key of the tag that grows for as long as the host runs. */
  readonly leak: number | null;
  /** Keys of the tags that the host has far too much of, and always. */
  readonly outliers: readonly number[];
}

/** A normal deviate (Box and Muller). */
function normal(random: Random): number {
  return (
    Math.sqrt(-2 * Math.log(1 - random.below(1_000_000) / 1_000_000)) *
    Math.cos((2 * Math.PI * random.below(1_000_000)) / 1_000_000)
  );
}

const WARM_UP_HOURS = 8;

/** One host's tags, asked capture by capture. */
export class HostCounts {
  private readonly scales: readonly number[];
  /** The capture from which a tag has half as many more, by its key. */
  readonly jumps: ReadonlyMap<number, number>;
  private readonly drifts: number[];

  constructor(
    private readonly random: Random,
    private readonly tags: readonly FleetTag[],
    captures: number,
    private readonly planted: PlantedTags,
  ) {
    const busy = Math.exp(0.1 * normal(random));
    this.scales = tags.map(
      ({ key }) => busy * Math.exp(0.05 * normal(random)) * (planted.outliers.includes(key) ? 5 : 1),
    );
    this.jumps = new Map(
      tags
        .filter(({ key, behaviour }) => behaviour === 'jump' && key !== planted.leak && random.oneIn(4))
        .map(({ key }) => [key, 1 + random.below(captures - 1)]),
    );
    this.drifts = tags.map(() => 0);
  }

  /** What lies in the tables at a moment. Two processors: one allocates, the other frees. */
  at(moment: Moment): TagPlan[] {
    return this.tags.map((tag, index) => {
      const outstanding = BigInt(Math.max(1, Math.round(this.outstanding(tag, index, moment))));
      // Enough comes and goes between two captures that no counter of a host that runs on ever falls.
      const frees = BigInt(Math.round(moment.uptime * tag.level * 12));
      const size = BigInt(tag.size);
      const [allocating, freeing] = [
        { Allocs: frees + outstanding, Bytes: (frees + outstanding) * size },
        { Frees: frees, Bytes: -frees * size },
      ].map((counts) =>
        Object.fromEntries(
          Object.entries(counts).map(([name, value]) => [`${tag.paged ? 'paged' : 'nonPaged'}${name}`, value]),
        ),
      );
      return { key: tag.key, perProcessor: [allocating!, freeing!] };
    });
  }

  private outstanding(tag: FleetTag, index: number, { uptime, timeOfDay, capture, newerBuild }: Moment): number {
    const usual = tag.level * this.scales[index]! * (newerBuild ? tag.newerFactor : 1);
    this.drifts[index] = 0.9 * this.drifts[index]! + 0.02 * normal(this.random);
    if (tag.key === this.planted.leak) return usual * (1 + 0.01 * normal(this.random) + uptime / 6);
    return usual * (1 + 0.03 * normal(this.random)) * this.course(tag, index, uptime, timeOfDay, capture);
  }

  private course(
    { behaviour, key }: FleetTag,
    index: number,
    uptime: number,
    timeOfDay: number,
    capture: number,
  ): number {
    switch (behaviour) {
      case 'steady':
        return 1;
      case 'daily':
        return 1 + 0.3 * Math.sin((2 * Math.PI * timeOfDay) / 24);
      case 'warming':
        return 1 - Math.exp(-uptime / WARM_UP_HOURS);
      case 'wandering':
        return 1 + this.drifts[index]!;
      case 'jump':
        return capture >= (this.jumps.get(key) ?? Infinity) ? 1.5 : 1;
    }
  }
}
