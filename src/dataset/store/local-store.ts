import { createReadStream } from 'node:fs';
import { mkdir, open, opendir, realpath, rename, rmdir, stat, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { PoolTrackerError, systemErrorCode } from '../../errors.js';
import { outputFailed } from '../../sink/file/output-error.js';
import { syncDirectory, WholeFile } from '../../sink/file/whole-file.js';
import { InnerFolders, innerPath } from './inside.js';
import { hasBytes } from './has-bytes.js';
import type { DatasetStore, LineLog, StoredFile } from './store.js';

/** A dataset in a directory, which several machines may share. */
export class LocalStore implements DatasetStore {
  readonly stagingFolder: string;
  private readonly root: string;
  private readonly folders: InnerFolders;

  constructor(readonly name: string) {
    this.root = resolve(name);
    this.folders = new InnerFolders(name, this.root);
    this.stagingFolder = join(this.root, '_staging');
  }

  async location(): Promise<string> {
    const real = await realpath(this.root).catch(() => this.root);
    const path = real.replaceAll('\\', '/').replace(/\/$/, '');
    return path.startsWith('/') ? `file://${path}` : `file:///${path}`;
  }

  async *list(folder: string): AsyncGenerator<StoredFile> {
    const path = folder === '' ? this.root : join(this.root, innerPath(this.name, folder));
    await this.folders.check(path);
    const directory = await opendir(path).catch((error: unknown) => {
      if (systemErrorCode(error) === 'ENOENT') return null;
      throw outputFailed(path, error);
    });
    if (directory === null) return;
    for await (const entry of directory) {
      const name = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) yield* this.list(name);
      // A file that is a link is read where it leads, and only the link is ever removed.
      else yield* this.stored(name);
    }
  }

  /** Yields nothing when the file has been removed since it was listed. */
  private async *stored(path: string): AsyncGenerator<StoredFile> {
    const found = await stat(join(this.root, path)).catch(() => null);
    if (found?.isFile() === true) yield { path, bytes: found.size };
  }

  async has(path: string): Promise<boolean> {
    const full = await this.folders.fullPath(path);
    try {
      return (await stat(full)).isFile();
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return false;
      throw outputFailed(full, error);
    }
  }

  async open(path: string): Promise<Readable | null> {
    const full = await this.folders.fullPath(path);
    try {
      return createReadStream(full, { fd: await open(full, 'r') });
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return null;
      throw outputFailed(full, error);
    }
  }

  localPath(path: string): Promise<string> {
    return this.folders.fullPath(path);
  }

  async publish(local: string, path: string): Promise<void> {
    const full = await this.folders.fullPath(path);
    try {
      await mkdir(dirname(full), { recursive: true });
      // Another process may have found the folder empty and removed it in the meantime.
      await rename(local, full).catch(async (error: unknown) => {
        if (systemErrorCode(error) !== 'ENOENT') throw error;
        await mkdir(dirname(full), { recursive: true });
        await rename(local, full);
      });
      await syncDirectory(dirname(full));
    } catch (error) {
      throw outputFailed(full, error);
    }
  }

  /** Where the file system has no hard links, two writers at the same moment may both believe to be first. */
  async create(path: string, bytes: Buffer): Promise<boolean> {
    const full = await this.folders.fullPath(path);
    try {
      await mkdir(dirname(full), { recursive: true });
      await pipeline(Readable.from([bytes]), await WholeFile.open(full, false));
      return true;
    } catch (error) {
      // A request to a network share whose answer was lost is sent again, and meets what it has made.
      if (error instanceof PoolTrackerError && error.code === 'OUTPUT_EXISTS')
        return hasBytes(await this.open(path), bytes);
      throw outputFailed(full, error);
    }
  }

  async remove(path: string): Promise<void> {
    const full = await this.folders.fullPath(path);
    try {
      await unlink(full);
      await this.removeEmpty(dirname(full));
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw outputFailed(full, error);
    }
  }

  private async removeEmpty(folder: string): Promise<void> {
    for (let at = folder; at.length > this.root.length; at = dirname(at)) {
      try {
        await rmdir(at);
      } catch {
        // It is not empty.
        return;
      }
    }
  }

  async openLog(path: string): Promise<LineLog> {
    const full = await this.folders.fullPath(path);
    try {
      await mkdir(dirname(full), { recursive: true });
      const handle = await open(full, 'a');
      return {
        append: async (line) => {
          await handle
            .appendFile(`${line}\n`)
            .then(() => handle.datasync())
            .catch((error: unknown) => {
              throw outputFailed(full, error);
            });
        },
        flush: () => Promise.resolve(),
        close: () => handle.close(),
      };
    } catch (error) {
      throw outputFailed(full, error);
    }
  }
}
