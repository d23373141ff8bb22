import { createWriteStream, type Stats } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { type Writable } from 'node:stream';
import { PoolTrackerError, systemErrorCode } from '../errors.js';
import { outputExists, outputFailed } from './file/output-error.js';
import { WholeFile } from './file/whole-file.js';

/**
 * Opens a path for writing. A regular file appears whole or not at all; a device or a named pipe (`/dev/null`,
 * `/dev/stdout`) is written to directly, since a file put in its place would take it away from everyone else.
 *
 * @throws PoolTrackerError OUTPUT_EXISTS, OUTPUT_FAILED
 */
export async function openTarget(path: string, force: boolean): Promise<Writable> {
  const found = await statIfExists(path);
  if (found === null) return WholeFile.open(path, force);
  if (found.isDirectory()) throw new PoolTrackerError('OUTPUT_FAILED', `cannot write ${path}: it is a directory`, { data: { path, code: 'EISDIR' }, hint: 'name a file in it' });
  if (!found.isFile()) return createWriteStream(path);
  if (!force) throw outputExists(path);
  return WholeFile.open(await realpath(path), force, found.mode & 0o777);
}

async function statIfExists(path: string): Promise<Stats | null> {
  try {
    return await stat(path);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return null;
    throw outputFailed(path, error);
  }
}
