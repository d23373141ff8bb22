import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { generateMemory } from '../generate/memory.js';
import type { MemoryPlan } from '../generate/memory-plan.js';
import { writeRaw } from '../write/raw.js';

/** 24 MiB, of which some 400 KiB are on disk. */
const SMALL: MemoryPlan = {
  tableSlots: 256,
  tagCount: 40,
  ramRanges: [
    [0, 0xa0000],
    [0x100000, 0x1000000],
    [0x1100000, 0x1900000],
  ],
};

/** Day `day` of 2024. */
export function captureDay(day: number): Date {
  return new Date(Date.UTC(2024, 0, 1 + day, 12));
}

/** A small image that is like no other of another seed, taken on day `seed` of 2024 unless the plan says otherwise. */
export async function writeSmallImage(path: string, seed: number, plan: MemoryPlan = {}): Promise<void> {
  await writeRaw(generateMemory({ ...SMALL, seed, systemTime: captureDay(seed), ...plan }), path);
}

/** `count` small images: `web0/0.raw`, `web1/1.raw`, `web0/2.raw`, …, one for each day. */
export async function writeSmallImages(folder: string, count: number, hosts = 2): Promise<void> {
  for (let host = 0; host < hosts; host++) await mkdir(join(folder, `web${host}`), { recursive: true });
  for (let seed = 0; seed < count; seed++)
    await writeSmallImage(join(folder, `web${seed % hosts}`, `${seed}.raw`), seed);
}
