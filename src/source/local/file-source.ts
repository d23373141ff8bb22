import { readSync, type Stats } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PoolTrackerError, messageOf, systemErrorCode, type ErrorCode } from '../../errors.js';
import type { Source } from '../source.js';
import { isWithin } from '../within.js';
import { PromptReads } from './prompt-reads.js';

const OPEN_ERRORS: Readonly<Record<string, { code: ErrorCode; why: string; hint: string }>> = {
  ENOENT: { code: 'SOURCE_NOT_FOUND', why: 'no such file', hint: 'check the path' },
  ENOTDIR: { code: 'SOURCE_NOT_FOUND', why: 'a part of the path is not a directory', hint: 'check the path' },
  EACCES: { code: 'SOURCE_NOT_PERMITTED', why: 'no permission to read it', hint: 'check who owns the file' },
  EPERM: { code: 'SOURCE_NOT_PERMITTED', why: 'no permission to read it', hint: 'check who owns the file' },
  EISDIR: { code: 'SOURCE_IS_DIRECTORY', why: 'it is a directory', hint: 'name the image file in it' },
};

function cannotRead(path: string, error: unknown): PoolTrackerError {
  const known = OPEN_ERRORS[systemErrorCode(error) ?? ''];
  if (known === undefined) {
    return new PoolTrackerError('SOURCE_UNREADABLE', `cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
  return new PoolTrackerError(known.code, `cannot read ${path}: ${known.why}`, { hint: known.hint, cause: error });
}

function outside(path: string): PoolTrackerError {
  return new PoolTrackerError('SOURCE_NOT_PERMITTED', `cannot read ${path}: it is not in a place that may be read`, {
    hint: 'is it, or a folder on the way, a link? a worker reads from the places of --allow PREFIX',
  });
}

/** A local file of any size; holes of a sparse file read as zeros. */
export class FileSource implements Source {
  readonly byteLength: number;
  bytesRead = 0;
  /** Null for a device, which may be waited for. */
  private readonly prompt: PromptReads | null;

  private constructor(
    readonly name: string,
    stat: Stats,
    private readonly handle: FileHandle,
    private readonly within?: readonly string[],
  ) {
    this.byteLength = stat.size;
    this.prompt = stat.isFile() ? new PromptReads() : null;
  }

  /**
   * @param within where it must lie, and its companions: through links as well
   * @throws PoolTrackerError SOURCE_NOT_FOUND, SOURCE_NOT_PERMITTED, SOURCE_IS_DIRECTORY, SOURCE_UNREADABLE
   */
  static async open(path: string, within?: readonly string[]): Promise<FileSource> {
    let handle: FileHandle | undefined;
    try {
      handle = await open(path, 'r');
      const stat = await handle.stat();
      if (stat.isDirectory()) throw Object.assign(new Error('is a directory'), { code: 'EISDIR' });
      if (within !== undefined && !(await isWithin(path, within))) throw outside(path);
      return new FileSource(path, stat, handle, within);
    } catch (error) {
      await handle?.close();
      throw error instanceof PoolTrackerError ? error : cannotRead(path, error);
    }
  }

  /** An already open file; closed with the source. @param name how messages name it */
  static async of(name: string, handle: FileHandle): Promise<FileSource> {
    return new FileSource(name, await handle.stat(), handle);
  }

  async read(target: Uint8Array, offset: number): Promise<number> {
    // The system takes a negative place for wherever the file was read last.
    if (offset < 0)
      throw new PoolTrackerError('INTERNAL', `${this.name}: asked for bytes at ${offset}, before the file`);
    let filled = 0;
    try {
      while (filled < target.length) {
        const count = await this.readOnce(target, filled, target.length - filled, offset + filled);
        if (count === 0) break;
        filled += count;
      }
    } catch (error) {
      throw cannotRead(this.name, error);
    }
    this.bytesRead += filled;
    return filled;
  }

  private readOnce(target: Uint8Array, at: number, length: number, offset: number): number | Promise<number> {
    if (this.prompt?.allows(length) === true)
      return this.prompt.timed(() => readSync(this.handle.fd, target, at, length, offset));
    return this.handle.read(target, at, length, offset).then(({ bytesRead }) => bytesRead);
  }

  async sibling(fileName: string): Promise<FileSource | null> {
    try {
      return await FileSource.open(join(dirname(this.name), fileName), this.within);
    } catch (error) {
      if (error instanceof PoolTrackerError && error.code === 'SOURCE_NOT_FOUND') return null;
      throw error;
    }
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}
