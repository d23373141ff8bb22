import { messageOf, PoolTrackerError, systemErrorCode } from '../../errors.js';

/** What a system error means for an output, and what to try. */
const REASONS: Readonly<Record<string, readonly [reason: string, hint?: string]>> = {
  ENOENT: ['its directory does not exist', 'create the directory first'],
  ENOTDIR: ['a part of its path is not a directory'],
  EACCES: ['permission denied'],
  EPERM: ['permission denied'],
  EROFS: ['the file system is read-only'],
  ENOSPC: ['the disk is full', 'free some space, or write to another disk'],
  EDQUOT: ['the disk quota is used up', 'free some space, or write to another disk'],
  EFBIG: ['the file would be larger than the file system or the limit of the process allows'],
  EISDIR: ['it is a directory', 'name a file in it'],
  ENAMETOOLONG: ['its name is too long'],
  EMFILE: ['too many files are open'],
};

/** A failure to write a file, as one line. */
export function outputFailed(path: string, error: unknown): PoolTrackerError {
  if (error instanceof PoolTrackerError) return error;
  const code = systemErrorCode(error) ?? '';
  const [reason, hint] = REASONS[code] ?? [messageOf(error)];
  return new PoolTrackerError('OUTPUT_FAILED', `cannot write ${path}: ${reason}`, {
    data: { path, code },
    cause: error,
    ...(hint === undefined ? {} : { hint }),
  });
}

export function outputExists(path: string): PoolTrackerError {
  return new PoolTrackerError('OUTPUT_EXISTS', `${path} already exists`, {
    data: { path },
    hint: '--force replaces it',
  });
}

/** Whether an output failed because its reader went away (`| head`), which ends a command without an error. */
export function isClosedPipe(error: unknown): boolean {
  return systemErrorCode(error) === 'EPIPE';
}
