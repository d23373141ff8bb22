/** A fleet of machines whose memory is taken again and again, with a few things planted for the questions to find. */
import { mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tagName } from '../src/pool/table/tag-name.js';
import { REAL_BUILDS } from '../test/support/generate/kernel/kernel-builds.js';
import { generateMemory } from '../test/support/generate/memory.js';
import { Random } from '../test/support/generate/random.js';
import { writeCrashDump } from '../test/support/write/crash-dump/crash-dump.js';
import { FamilyCounts, familyKeys } from './fleet-family.js';
import { fleetTags, HostCounts, type FleetTag, type PlantedTags } from './fleet-counts.js';

export interface FleetPlan {
  /** 12 or more, or a build has too few hosts to tell an outlier by. */
  readonly hosts: number;
  /** Of each host. */
  readonly captures: number;
  readonly seed: number;
}

export const FULL_FLEET: FleetPlan = { hosts: 40, captures: 50, seed: 1 };

/** How an image is spoiled. */
const FAULTS = ['truncated', 'zeroed', 'text'] as const;

export interface FleetImage {
  readonly path: string;
  readonly host: string;
  readonly capture: number;
  readonly capturedAt: Date;
  /** Which start of its host it is of, from 0. */
  readonly boot: number;
  /** Hours since then. */
  readonly uptime: number;
  readonly fault: (typeof FAULTS)[number] | null;
}

/** What was planted. */
export interface FleetTruth {
  readonly images: readonly FleetImage[];
  readonly leaks: readonly { readonly host: string; readonly tag: string }[];
  /** Tags of the host that has five times as much as the others. */
  readonly outliers: readonly { readonly host: string; readonly tag: string }[];
  /** The host that gets the newer build in the middle, and the tags that this changes. */
  readonly upgraded: { readonly host: string; readonly capture: number; readonly tags: readonly string[] };
  /** Tags of which a host has half as many more from a capture on, for good. */
  readonly jumps: readonly { readonly host: string; readonly tag: string; readonly capture: number }[];
  /** Hosts on which these tags move together. */
  readonly family: { readonly hosts: readonly string[]; readonly tags: readonly string[] };
}

/**
 * Two images of each host that differ in nothing but what was planted: whole, a day or more after a start, at the same
 * time of day; of the upgraded host one before and one after.
 */
export function comparablePairs({ images, upgraded }: FleetTruth): (readonly [FleetImage, FleetImage])[] {
  const pairs: (readonly [FleetImage, FleetImage])[] = [];
  for (const host of new Set(images.map((image) => image.host))) {
    const settled = images.filter((image) => image.host === host && image.fault === null && image.uptime >= 24);
    const pair = settled
      .flatMap((a) => settled.map((b) => [a, b] as const))
      .find(([a, b]) => {
        const sides =
          host === upgraded.host ? a.capture < upgraded.capture && b.capture >= upgraded.capture : a.boot === b.boot;
        return sides && b.capture > a.capture && (b.capture - a.capture) % (24 / HOURS_BETWEEN) === 0;
      });
    if (pair !== undefined) pairs.push(pair);
  }
  return pairs;
}

/** The tags that were planted to differ between two comparable images, sorted. */
export function plantedChanges(truth: FleetTruth, a: FleetImage, b: FleetImage): string[] {
  const { host } = a;
  return [
    ...new Set([
      ...truth.leaks.filter((leak) => leak.host === host).map(({ tag }) => tag),
      ...truth.jumps
        .filter((jump) => jump.host === host && jump.capture > a.capture && jump.capture <= b.capture)
        .map(({ tag }) => tag),
      ...(host === truth.upgraded.host && a.capture < truth.upgraded.capture && b.capture >= truth.upgraded.capture
        ? truth.upgraded.tags
        : []),
    ]),
  ].sort();
}

const HOURS_BETWEEN = 6;
const FIRST_CAPTURE = Date.UTC(2024, 2, 1);
const TAGS = 60;

function hostName(index: number): string {
  return `host${String(index).padStart(2, '0')}`;
}

interface HostPlan {
  readonly name: string;
  readonly planted: PlantedTags;
  /** Captures before which the host restarted. */
  readonly restarts: readonly number[];
  /** The capture from which it runs the newer build. */
  readonly newerFrom: number;
  readonly hasFamily: boolean;
}

/** The first half of the hosts has the older build. The three that leak restart never, once and twice. */
function planHosts({ hosts, captures }: FleetPlan, tags: readonly FleetTag[], random: Random): HostPlan[] {
  const half = Math.floor(hosts / 2);
  const middle = Math.floor(captures / 2);
  const steady = tags.filter(({ behaviour }) => behaviour === 'steady').map(({ key }) => key);
  const leaking = new Map([
    [1, steady[2]!],
    [half - 1, steady[5]!],
    [hosts - 2, steady[8]!],
  ]);
  const fixedRestarts = new Map([
    [1, []],
    [half - 1, [middle]],
    [hosts - 2, [Math.floor(captures / 3), Math.floor((captures * 2) / 3)]],
  ]);
  return Array.from({ length: hosts }, (_, index) => {
    const upgraded = index === 2;
    const restarts =
      fixedRestarts.get(index) ??
      Array.from({ length: random.below(Math.min(3, captures / 8)) }, () => 1 + random.below(captures - 1));
    return {
      name: hostName(index),
      planted: { leak: leaking.get(index) ?? null, outliers: index === half + 1 ? [steady[0]!, steady[3]!] : [] },
      restarts: upgraded ? [...restarts, middle] : restarts,
      newerFrom: upgraded ? middle : index < half ? Infinity : 0,
      // Two that leak: what grows there as well must not be taken for one of the family.
      hasFamily: index === 1 || index === hosts - 2,
    };
  });
}

/** One in a hundred, and at least one of each kind. */
function chooseFaults({ hosts, captures }: FleetPlan, random: Random): Map<number, FleetImage['fault']> {
  const faults = new Map<number, FleetImage['fault']>();
  const wanted = Math.max(FAULTS.length, Math.round((hosts * captures) / 100));
  while (faults.size < wanted) faults.set(random.below(hosts * captures), FAULTS[faults.size % FAULTS.length]!);
  return faults;
}

async function spoil(path: string, fault: FleetImage['fault']): Promise<void> {
  if (fault === 'text') return writeFile(path, 'The dump could not be taken: disk full.\n');
  const file = await open(path, 'r+');
  try {
    const { size } = await file.stat();
    await file.truncate(fault === 'truncated' ? Math.floor(size / 3) : 0x4000);
    if (fault === 'zeroed') await file.truncate(size);
  } finally {
    await file.close();
  }
}

/** Writes `FOLDER/HOST/CAPTURE.dmp` for every host and capture; the same plan gives the same bytes. */
export async function writeFleet(folder: string, plan: FleetPlan): Promise<FleetTruth> {
  const random = new Random(plan.seed);
  const tags = fleetTags(random, TAGS);
  const family = familyKeys(
    plan.seed,
    tags.map(({ key }) => key),
  );
  const hosts = planHosts(plan, tags, random);
  const faults = chooseFaults(plan, random);
  const images: FleetImage[] = [];
  const jumps: { host: string; tag: string; capture: number }[] = [];
  const [older, , newer] = REAL_BUILDS as [(typeof REAL_BUILDS)[0], unknown, (typeof REAL_BUILDS)[0]];
  for (const [index, host] of hosts.entries()) {
    await mkdir(join(folder, host.name), { recursive: true });
    const counts = new HostCounts(new Random(plan.seed * 1000 + index), tags, plan.captures, host.planted);
    const familyCounts = new FamilyCounts(new Random(plan.seed * 1000 + index + 500), family, host.hasFamily);
    for (const [key, capture] of counts.jumps) jumps.push({ host: host.name, tag: tagName(key), capture });
    let [boot, uptime] = [0, 1 + random.below(12)];
    for (let capture = 0; capture < plan.captures; capture++) {
      if (host.restarts.includes(capture)) [boot, uptime] = [boot + 1, 1 + random.below(HOURS_BETWEEN - 1)];
      const hour = capture * HOURS_BETWEEN;
      const capturedAt = new Date(FIRST_CAPTURE + hour * 3_600_000 + index * 60_000);
      const path = join(folder, host.name, `${String(capture).padStart(3, '0')}.dmp`);
      const newerBuild = capture >= host.newerFrom;
      const fault = faults.get(index * plan.captures + capture) ?? null;
      const memory = generateMemory({
        // The kernel lies where it lay as long as the host runs.
        seed: (plan.seed * 1000 + index) * 100 + boot,
        build: newerBuild ? newer : older,
        tableSlots: 128,
        memoryBytes: 16 << 20,
        systemTime: capturedAt,
        tags: [...counts.at({ uptime, timeOfDay: hour % 24, capture, newerBuild }), ...familyCounts.at(boot)],
      });
      await writeCrashDump(memory, path, { dumpType: 6 });
      if (fault !== null) await spoil(path, fault);
      images.push({ path, host: host.name, capture, capturedAt, boot, uptime, fault });
      uptime += HOURS_BETWEEN;
    }
  }
  const named = (keys: readonly number[], host: string): { host: string; tag: string }[] =>
    keys.map((key) => ({ host, tag: tagName(key) }));
  return {
    images,
    jumps,
    family: { hosts: hosts.filter(({ hasFamily }) => hasFamily).map(({ name }) => name), tags: family.map(tagName) },
    leaks: hosts.flatMap(({ name, planted }) => named(planted.leak === null ? [] : [planted.leak], name)),
    outliers: hosts.flatMap(({ name, planted }) => named(planted.outliers, name)),
    upgraded: {
      host: hosts[2]!.name,
      capture: hosts[2]!.newerFrom,
      tags: tags.filter(({ newerFactor }) => newerFactor !== 1).map(({ key }) => tagName(key)),
    },
  };
}
