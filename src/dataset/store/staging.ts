import { mkdirSync, rmSync } from 'node:fs';
import { lstat, mkdir, mkdtemp, readdir, rm, rmdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { PoolTrackerError, systemErrorCode } from '../../errors.js';
import { outputFailed } from '../../sink/file/output-error.js';

/** Milliseconds after which a process on another machine that has not touched its folder is considered dead. */
const STALE_MS = 24 * 3600 * 1000;

const MACHINE = hostname().replace(/[^A-Za-z0-9.-]/g, '_');

/** As `ownerName` makes them. */
const OWNER = /^[A-Za-z0-9._-]+-\d+$/;

const STARTED_AT = Date.now() - process.uptime() * 1000;

const openHere = new Set<string>();

/** A name for what only this process writes in a dataset. */
export function ownerName(): string {
  return `${MACHINE}-${process.pid}`;
}

/**
 * Whether the process of that owner has ended. For a process on another machine only the time tells.
 * @param touchedAt when it last gave a sign of life, in milliseconds since 1970 UTC
 */
export function isGone(owner: string, touchedAt: number): boolean {
  const match = /^(.*)-(\d+)$/.exec(owner);
  if (match === null || match[1] !== MACHINE) return Date.now() - touchedAt > STALE_MS;
  // The first process in a container always has the same number, so what bears our name and is not ours is left over
  // from an earlier one.
  if (Number(match[2]) === process.pid) return touchedAt < STARTED_AT;
  try {
    process.kill(Number(match[2]), 0);
    return false;
  } catch (error) {
    return systemErrorCode(error) === 'ESRCH';
  }
}

/**
 * Where a process keeps unfinished files: a folder of its own, removed when it ends. What a killed process left is
 * removed by the next one that opens the dataset.
 */
export class Staging {
  private constructor(
    private readonly parent: string,
    readonly path: string,
  ) {}

  /** @throws PoolTrackerError OUTPUT_FAILED */
  static async open(parent: string): Promise<Staging> {
    const path = join(parent, ownerName());
    await requireFolder(parent);
    try {
      await removeLeftovers(parent);
      await mkdir(path, { recursive: true });
    } catch (error) {
      throw outputFailed(path, error);
    }
    const staging = new Staging(parent, path);
    openHere.add(path);
    process.once('exit', staging.discard);
    return staging;
  }

  /** A new folder for the files of one piece of work. */
  async folder(): Promise<string> {
    return mkdtemp(join(this.path, 'work-')).catch((error: unknown) => {
      throw outputFailed(this.path, error);
    });
  }

  async close(): Promise<void> {
    process.removeListener('exit', this.discard);
    openHere.delete(this.path);
    await rm(this.path, { recursive: true, force: true, maxRetries: 3 });
    // It is not empty while other processes are at work.
    await rmdir(this.parent).catch(() => undefined);
  }

  /** Synchronous, for the exit of the process. */
  readonly discard = (): void => {
    try {
      rmSync(this.path, { recursive: true, force: true, maxRetries: 3 });
    } catch {
      // The next process to open the dataset removes it.
    }
  };
}

/** Everything below is removed in time, so it must be a folder of the dataset's own, and not a link to another. */
async function requireFolder(path: string): Promise<void> {
  const found = await lstat(path).catch(() => null);
  if (found === null || found.isDirectory()) return;
  throw new PoolTrackerError('OUTPUT_FAILED', `${path} is ${found.isSymbolicLink() ? 'a link' : 'no folder'}`, {
    hint: 'unfinished files lie there and are removed in time; remove it, and a folder will be made',
  });
}

async function removeLeftovers(parent: string): Promise<void> {
  mkdirSync(parent, { recursive: true });
  for (const owner of await readdir(parent)) {
    const path = join(parent, owner);
    // What does not bear the name of a process is not ours.
    if (!OWNER.test(owner)) continue;
    const found = await lstat(path).catch(() => null);
    if (found !== null && !openHere.has(path) && isGone(owner, found.mtimeMs))
      await rm(path, { recursive: true, force: true });
  }
}
