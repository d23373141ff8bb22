import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder with images and truths made by others; absent on a fresh clone. POOL_TRACKER_SHARED names another. */
export const SHARED = process.env.POOL_TRACKER_SHARED ?? fileURLToPath(new URL('../../../shared/', import.meta.url));

export const hasSharedImages = existsSync(join(SHARED, 'images', 'unpack.py'));

/** Unpacked once a machine; sparse. */
const UNPACKED = join(tmpdir(), 'pool-tracker-shared-images');

/** A tag's totals as the truth files have them: counters as decimal strings, unsigned. */
export interface TruthEntry {
  readonly key: number;
  readonly source: 'main' | 'expansion';
  readonly slot: number;
  readonly isOverflowEntry: boolean;
  readonly NonPagedAllocs: string;
  readonly NonPagedFrees: string;
  readonly NonPagedBytes: string;
  readonly PagedAllocs: string;
  readonly PagedFrees: string;
  readonly PagedBytes: string;
  /** allocs - frees at the counter's width, unsigned. */
  readonly modularOutstanding: { readonly nonPaged: string; readonly paged: string };
}

export interface Truth {
  readonly version?: string;
  readonly guid?: string;
  readonly dtb?: string;
  readonly kernelBase?: string;
  readonly systemTime?: string;
  readonly buildLab?: string;
  readonly lostPages?: readonly string[];
  readonly cpus: number;
  readonly tracker: {
    readonly entrySize: number;
    readonly size: number;
    readonly merged: readonly TruthEntry[];
    readonly perCpu: readonly (readonly (readonly [number, number, ...string[]])[])[];
    readonly tables: readonly { readonly cpu: number; readonly va: string }[];
  };
}

/** Runs `unpack.py` for the named images (all when none is named) and gives the folder that they lie in. */
export function unpackSharedImages(...names: string[]): string {
  mkdirSync(UNPACKED, { recursive: true });
  const unpacked = spawnSync('python3', [join(SHARED, 'images', 'unpack.py'), UNPACKED, ...names], {
    encoding: 'utf8',
  });
  if (unpacked.status !== 0) throw new Error(`unpack.py failed: ${unpacked.stderr}`);
  return UNPACKED;
}

/** Every packed image (no truths), by file name without `.xz`. */
export function sharedImageNames(): string[] {
  if (!hasSharedImages) return [];
  const files = readdirSync(join(SHARED, 'images')).filter(
    (name) => name.endsWith('.xz') && !name.endsWith('.truth.json.xz'),
  );
  return files.map((name) => name.slice(0, -'.xz'.length)).sort();
}

/** Path of an image, unpacked. */
export function sharedImage(name: string): string {
  return join(unpackSharedImages(name), name);
}

/** What is true of an image: by its file name or stem. */
export function sharedTruth(name: string): Truth {
  const stem = name.split('.')[0]!;
  const folder = unpackSharedImages(`${stem}.truth.json`);
  return JSON.parse(readFileSync(join(folder, `${stem}.truth.json`), 'utf8')) as Truth;
}

/** Says in one line that tests are skipped, and why. */
export function withoutSharedImages(what: string): void {
  console.log(`      skipped: ${what}: the shared images are not on this machine`);
}
