import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder with images and truths made by others; absent on a fresh clone. POOL_TRACKER_SHARED names another. */
export const SHARED = process.env.POOL_TRACKER_SHARED ?? fileURLToPath(new URL('../../../../shared/', import.meta.url));

export const hasSharedImages = existsSync(join(SHARED, 'images', 'unpack.py'));

/**
 * Unpacked once a machine, sparse: `HASH/NAME`, so that a packed file that is another one is unpacked anew.
 * POOL_TRACKER_UNPACKED names another folder.
 */
const UNPACKED = process.env.POOL_TRACKER_UNPACKED ?? join(tmpdir(), 'pool-tracker-shared-images');

/** Unpacks one file with what others wrote to unpack all. */
const UNPACK = 'import sys; sys.path.insert(0, sys.argv[1]); import unpack; unpack.unpack(sys.argv[2], sys.argv[3])';

/** A tag's totals as the truth files have them: counters as decimal strings, unsigned. */
export interface TruthEntry extends CounterTexts {
  readonly key: number;
  readonly source: 'main' | 'expansion';
  readonly slot: number;
  readonly isOverflowEntry: boolean;
  /** allocs - frees at the counter's width, unsigned. */
  readonly modularOutstanding: { readonly nonPaged: string; readonly paged: string };
  /** The kernel's own report; absent for ReactOS. */
  readonly asReported?: CounterTexts;
}

/** Six counters as decimal strings, unsigned. */
export interface CounterTexts {
  readonly NonPagedAllocs: string;
  readonly NonPagedFrees: string;
  readonly NonPagedBytes: string;
  readonly PagedAllocs: string;
  readonly PagedFrees: string;
  readonly PagedBytes: string;
}

export interface Truth {
  readonly version?: string;
  /** Absent where it is x64 in some. */
  readonly arch?: string;
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
    /** What overflow slots count under no key: cpu, then the counters; absent for ReactOS. */
    readonly keyless?: { readonly slot: number; readonly perCpu: readonly (readonly [number, ...string[]])[] } | null;
  };
}

/** Path of a packed file, unpacked: `win10-17763.raw`, `hard/tiny-one-cpu.raw`, `nosymbols.truth.json`. */
function unpacked(name: string): string {
  const packed = join(SHARED, 'images', `${name}.xz`);
  const hash = createHash('sha256').update(readFileSync(packed)).digest('hex').slice(0, 16);
  const target = join(UNPACKED, hash, basename(name));
  if (existsSync(target)) return target;
  mkdirSync(dirname(target), { recursive: true });
  // Tests run at the same time: the file has its name when it is whole.
  const folder = mkdtempSync(join(UNPACKED, 'partial-'));
  try {
    const partial = join(folder, basename(name));
    if (!unpackByXz(packed, partial)) {
      const ran = spawnSync('python3', ['-c', UNPACK, join(SHARED, 'images'), packed, partial], { encoding: 'utf8' });
      if (ran.status !== 0) throw new Error(`${packed} could not be unpacked: ${ran.error?.message ?? ran.stderr}`);
    }
    renameSync(partial, target);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return target;
}

/** Does what the others' program does in a tenth of its time. @returns false where there is no xz */
function unpackByXz(packed: string, target: string): boolean {
  const output = openSync(target, 'w');
  try {
    // What is all zeros becomes holes, where the output is a file.
    const ran = spawnSync('xz', ['--decompress', '--stdout', packed], { stdio: ['ignore', output, 'ignore'] });
    return ran.status === 0;
  } finally {
    closeSync(output);
  }
}

/** Every packed image (no truths), by its path in the folder without `.xz`. */
export function sharedImageNames(): string[] {
  if (!hasSharedImages) return [];
  return readdirSync(join(SHARED, 'images'), { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => name.endsWith('.xz') && !name.endsWith('.truth.json.xz'))
    .map((name) => name.slice(0, -'.xz'.length))
    .sort();
}

/** What the containers of one memory share: `hard/tiny-one-cpu`. */
export function stemOf(name: string): string {
  return join(dirname(name), basename(name).split('.')[0]!);
}

/** Path of an image, unpacked. */
export function sharedImage(name: string): string {
  return unpacked(name);
}

/** What is true of an image: by its file name or stem. */
export function sharedTruth(name: string): Truth {
  return JSON.parse(readFileSync(unpacked(`${stemOf(name)}.truth.json`), 'utf8')) as Truth;
}

/** Says in one line that tests are skipped, and why. */
export function withoutSharedImages(what: string): void {
  console.log(`      skipped: ${what}: the shared images are not on this machine`);
}
