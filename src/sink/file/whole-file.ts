import { randomBytes } from 'node:crypto';
import { unlinkSync } from 'node:fs';
import { type FileHandle, link, lstat, open, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Writable } from 'node:stream';
import { systemErrorCode } from '../../errors.js';
import { outputExists, outputFailed } from './output-error.js';

const unfinished = new Set<string>();
let watching = false;

/** Registers a temporary file to be deleted if the process ends before the file is finished. */
export function noteUnfinished(path: string): void {
  if (!watching) {
    process.on('exit', discardUnfinishedFiles);
    watching = true;
  }
  unfinished.add(path);
}

export function noteFinished(path: string): void {
  unfinished.delete(path);
}

/**
 * Deletes every file that is still being written. Synchronous, for signal handlers; it is called on `exit` anyway. A
 * file that cannot be deleted is left behind.
 */
export function discardUnfinishedFiles(): void {
  for (const path of unfinished) {
    try {
      unlinkSync(path);
    } catch {
      // Nobody is left to tell, and the other files still have to go.
    }
  }
  unfinished.clear();
}

/**
 * A file that appears under its name only when it is whole. The bytes go to a temporary file beside it, which is synced
 * and then linked or renamed into place; on any failure, or when the stream is destroyed, it is deleted.
 *
 * Without `force` a file that exists is never replaced, not even one that another process made in the meantime.
 */
export class WholeFile extends Writable {
  private handle: FileHandle | null = null;
  /** Whether there is nothing left of it but the whole file. */
  private isDone = false;

  private constructor(
    private readonly path: string,
    private readonly force: boolean,
    private readonly mode: number,
    private readonly temporary: string,
  ) {
    super();
  }

  /**
   * @param mode permissions of the file; the process's umask applies
   * @throws PoolTrackerError OUTPUT_EXISTS when it exists and `force` is not given; OUTPUT_FAILED
   */
  static async open(path: string, force: boolean, mode = 0o666): Promise<WholeFile> {
    const temporary = join(dirname(path), `.pool-tracker-${randomBytes(8).toString('hex')}.part`);
    const file = new WholeFile(path, force, mode, temporary);
    try {
      if (!force && (await exists(path))) throw outputExists(path);
      await file.begin('wx');
    } catch (error) {
      noteFinished(file.temporary);
      file.destroy();
      throw outputFailed(path, error);
    }
    return file;
  }

  /**
   * One in a folder of unfinished files, from where it is moved when it is whole: it has its name from the start, takes
   * the place of one that was given up, and is synced at the end.
   * @throws PoolTrackerError OUTPUT_FAILED
   */
  static async staged(path: string): Promise<WholeFile> {
    const file = new WholeFile(path, true, 0o666, path);
    try {
      await file.begin('w');
    } catch (error) {
      noteFinished(path);
      throw outputFailed(path, error);
    }
    return file;
  }

  private async begin(flags: 'w' | 'wx'): Promise<void> {
    noteUnfinished(this.temporary);
    this.handle = await open(this.temporary, flags, this.mode);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    this.writeAll([chunk]).then(
      () => done(),
      (error) => done(outputFailed(this.path, error)),
    );
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error) => void): void {
    this.writeAll(chunks.map(({ chunk }) => chunk)).then(
      () => done(),
      (error) => done(outputFailed(this.path, error)),
    );
  }

  override _final(done: (error?: Error) => void): void {
    this.commit().then(
      () => done(),
      (error) => done(outputFailed(this.path, error)),
    );
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.discard().then(
      () => done(error),
      () => done(error),
    );
  }

  private async writeAll(chunks: Buffer[]): Promise<void> {
    let rest = chunks;
    while (rest.length > 0) {
      const { bytesWritten } = await this.handle!.writev(rest);
      rest = after(rest, bytesWritten);
    }
  }

  private async commit(): Promise<void> {
    await this.handle!.sync();
    await this.handle!.close();
    this.handle = null;
    const isMoved = this.temporary !== this.path;
    if (isMoved) await (this.force ? rename(this.temporary, this.path) : this.linkUnlessExists());
    noteFinished(this.temporary);
    this.isDone = true;
    if (isMoved) await syncDirectory(dirname(this.path));
  }

  /** link() fails atomically when the name exists; rename() would replace it. */
  private async linkUnlessExists(): Promise<void> {
    try {
      await link(this.temporary, this.path);
    } catch (error) {
      if (systemErrorCode(error) === 'EEXIST') throw outputExists(this.path);
      // FAT and some network file systems have no hard links; the best that can be done there is to check first.
      if (await exists(this.path)) throw outputExists(this.path);
      await rename(this.temporary, this.path);
      return;
    }
    await unlink(this.temporary);
  }

  private async discard(): Promise<void> {
    const { handle } = this;
    this.handle = null;
    await handle?.close();
    if (this.isDone) return;
    await unlink(this.temporary).catch(() => undefined);
    noteFinished(this.temporary);
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

function after(chunks: readonly Buffer[], bytes: number): Buffer[] {
  let index = 0;
  let left = bytes;
  while (index < chunks.length && left >= chunks[index]!.length) left -= chunks[index++]!.length;
  const rest = chunks.slice(index);
  if (left > 0) rest[0] = rest[0]!.subarray(left);
  return rest;
}

/**
 * Makes a new name in a directory survive a power failure; file systems that do not support this are left as they are.
 */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r').catch(() => null);
  try {
    await directory?.sync();
  } catch {
    // Not every file system lets a directory be synced, and the file itself is whole.
  } finally {
    await directory?.close();
  }
}
