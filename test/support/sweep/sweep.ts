import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { PoolTrackerError } from '../../../src/errors.js';
import { CarveScan } from '../../../src/scan/carve-scan.js';
import { openScan } from '../../../src/scan/open-scan.js';
import { decodeScan, type ScanOptions, scanRequest } from '../../../src/scan/scan.js';
import { ByteStream } from '../../../src/source/stream/byte-stream.js';
import { generateMemory } from '../generate/memory.js';
import type { GeneratedMemory } from '../generate/memory-plan.js';
import { Random } from '../generate/random.js';
import { PAGE } from '../generate/sparse-memory.js';
import { writeLayout, type ImageLayout } from '../write/image.js';
import { writeLime } from '../write/lime/lime.js';
import { rawLayout } from '../write/raw.js';
import { EXPANSION_DAMAGE } from './damage-expansion.js';
import { FILE_DAMAGE } from './damage-files.js';
import { PAGE_DAMAGE } from './damage-pages.js';
import { RIVAL_DAMAGE } from './damage-rivals.js';
import { VARIABLE_DAMAGE } from './damage-variables.js';
import { judge, type Answer, type Judged } from './judge.js';
import { randomPlan, spilledPlan } from './plans.js';
import { Scene, type Damage, type DamageKind } from './scene.js';

/** Every way in which a memory can be damaged, or hold what misleads. */
export const DAMAGE_KINDS: Readonly<Record<string, DamageKind>> = {
  ...RIVAL_DAMAGE,
  ...PAGE_DAMAGE,
  ...VARIABLE_DAMAGE,
  ...FILE_DAMAGE,
  ...EXPANSION_DAMAGE,
};

/** Ways of asking; `pipe` gives the file as a stream. */
export const WAYS = ['auto', 'structure', 'kdbg', 'carve', 'pipe'] as const;
export type Way = (typeof WAYS)[number];

const OPTIONS: Readonly<Record<Way, ScanOptions>> = {
  auto: {},
  structure: { locate: 'structure' },
  kdbg: { locate: 'kdbg' },
  carve: { method: 'carve' },
  pipe: { method: 'carve' },
};

/** One image of the sweep: its number tells the machine and the damage for good. */
export interface SweepImage {
  readonly index: number;
  readonly kind: string;
  readonly damage: Damage;
  readonly generated: GeneratedMemory;
  readonly asIs: Scene['sums'] extends () => infer T ? T | null : never;
}

/** The kind of damage of image `index` of any sweep. */
export function kindOfImage(index: number): string {
  const kinds = Object.keys(DAMAGE_KINDS);
  return kinds[index % kinds.length]!;
}

/** Machine and damage of image `index` of the sweep with this seed. */
export function sweepImage(seed: number, index: number): SweepImage {
  const random = new Random((seed * 1_000_003 + index) >>> 0);
  const kind = kindOfImage(index);
  for (;;) {
    const generated = generateMemory(kind in EXPANSION_DAMAGE ? spilledPlan(random) : randomPlan(random));
    const scene = new Scene(generated, random);
    const damage = DAMAGE_KINDS[kind]!(scene);
    if (damage !== null) return { index, kind, damage, generated, asIs: damage.asIs === true ? scene.sums() : null };
  }
}

/** The bytes of a raw image from `from` to `to`. */
function slice({ byteLength, parts }: ImageLayout, { from, to }: { from: number; to: number }): ImageLayout {
  const end = Math.min(to, byteLength);
  return {
    byteLength: end - from,
    parts: [...parts]
      .filter(({ offset }) => offset >= from && offset + PAGE <= end)
      .map(({ offset, bytes }) => ({ offset: offset - from, bytes })),
  };
}

/** Writes the image as a capture would have it: raw, cut where the damage says so; LiME where pages are lost. */
export async function writeSweepImage({ generated, damage }: SweepImage, folder: string): Promise<string> {
  const path = join(folder, generated.memory.lost.size > 0 ? 'image.lime' : 'image.raw');
  if (generated.memory.lost.size > 0) await writeLime(generated, path);
  else if (damage.file !== undefined) await writeLayout(slice(rawLayout(generated), damage.file), path);
  else await writeLayout(rawLayout(generated), path);
  return path;
}

async function ask(path: string, way: Way): Promise<Answer> {
  try {
    const scan =
      way === 'pipe'
        ? new CarveScan(new ByteStream('pipe', null, createReadStream(path)), scanRequest(path, OPTIONS.pipe))
        : await openScan(path, { cache: false, ...OPTIONS[way] });
    try {
      const { totals, outcome } = await decodeScan(scan);
      return { rows: totals, isOk: outcome.status === 'ok' };
    } finally {
      await scan.close();
    }
  } catch (error) {
    const isOurs = error instanceof PoolTrackerError;
    return { error: isOurs ? error.message : String((error as Error).stack), isCrash: !isOurs };
  }
}

/** Asks about an image in one way, and judges the answer. */
export async function judgeSweepImage(image: SweepImage, path: string, way: Way): Promise<Judged> {
  const { merged, entrySize } = image.generated.truth;
  return judge(await ask(path, way), merged, entrySize, image.damage, image.asIs);
}
