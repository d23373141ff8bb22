import { messageOf, PoolTrackerError, systemErrorCode } from '../../errors.js';

/** @param where the record, counted from 1, or the part of the file */
export function damaged(name: string, where: string, what: string, hint?: string): PoolTrackerError {
  return new PoolTrackerError('RECORDS_DAMAGED', `${name}: ${where}: ${what}`, { data: { path: name, where }, ...(hint === undefined ? {} : { hint }) });
}

const SYSTEM_ERRORS: Readonly<Record<string, readonly [code: 'SOURCE_NOT_FOUND' | 'SOURCE_NOT_PERMITTED' | 'SOURCE_IS_DIRECTORY', what: string]>> = {
  ENOENT: ['SOURCE_NOT_FOUND', 'no such file'],
  EACCES: ['SOURCE_NOT_PERMITTED', 'permission denied'],
  EISDIR: ['SOURCE_IS_DIRECTORY', 'it is a directory, not a file of records'],
};

/** Whatever a library or the system threw while records were read, as one line of ours. */
export function readFailed(name: string, where: string, error: unknown): PoolTrackerError {
  if (error instanceof PoolTrackerError) return error;
  const code = systemErrorCode(error) ?? '';
  const known = SYSTEM_ERRORS[code];
  if (known !== undefined) return new PoolTrackerError(known[0], `${name}: ${known[1]}`, { data: { path: name }, cause: error });
  // zlib's errors have codes too (Z_DATA_ERROR); those are of the content.
  if (/^E[A-Z]+$/.test(code)) return new PoolTrackerError('SOURCE_UNREADABLE', `${name}: ${messageOf(error)}`, { data: { path: name, code }, cause: error });
  return damaged(name, where, messageOf(error));
}
