import { printable } from './printable.js';

/** Every code with the exit status that the command line gives it. Codes are stable: scripts may match on them. */
export const EXIT_STATUS = {
  /** A fault of pool-tracker itself, or of a library that it uses. */
  INTERNAL: 1,
  /** No such file, URL or object. */
  SOURCE_NOT_FOUND: 1,
  /** It may not be read: permissions of a file, credentials of a server, or a query that reads outside its dataset. */
  SOURCE_NOT_PERMITTED: 1,
  /** A directory where a file was expected. */
  SOURCE_IS_DIRECTORY: 1,
  /** Reading failed: an error of the system, or of a server after every retry. */
  SOURCE_UNREADABLE: 1,
  /** A remote file changed its length, ETag or Last-Modified while it was read. */
  SOURCE_CHANGED: 1,
  /** The output file exists and replacing it was not asked for. */
  OUTPUT_EXISTS: 1,
  /** The output cannot be written. */
  OUTPUT_FAILED: 1,
  /** A file of records, or a dataset, does not hold what its format and schema require. */
  RECORDS_DAMAGED: 1,
  /** An optional package that the work needs is not installed. */
  DEPENDENCY_MISSING: 1,
  /** An image of a batch took longer than it was allowed. */
  IMAGE_TIMED_OUT: 1,
  /** The thread or worker that decoded an image of a batch ended without an answer. */
  IMAGE_CRASHED: 1,
  /** The queue's server cannot be reached or refuses. */
  QUEUE_FAILED: 1,
  /** Arguments that make no sense, alone or together. */
  USAGE: 2,
  /** A symbol file that cannot be used. */
  SYMBOL_FILE_DAMAGED: 2,
  /** How a kernel of this build reports its own counts is not known, and that was asked for. */
  REPORT_UNKNOWN: 2,
  /** The content is not a memory image in any known format. */
  NOT_AN_IMAGE: 3,
  /** A known format, in a form that is not read. */
  FORMAT_REFUSED: 3,
  /** A known format whose structures contradict its rules. */
  FORMAT_DAMAGED: 3,
  /** No page table root in the image leads to a Windows kernel. */
  NO_KERNEL: 4,
  /** The pool tag tables were not found, or what was found could not be proved. */
  TABLES_NOT_FOUND: 5,
  /** The counts are incomplete and `--strict` was given. */
  INCOMPLETE: 6,
  /** A plug-in that cannot be loaded, or is not of the shape that its version of the contract has. */
  PLUGIN_REFUSED: 7,
  /** A plug-in threw, answered with what its contract does not allow, or did not answer at all. */
  PLUGIN_FAILED: 7,
} as const;

/** A stable code of the family, one of the keys of EXIT_STATUS. */
export type ErrorCode = keyof typeof EXIT_STATUS;

/** Values that an error carries for programs, flat; addresses and 64-bit numbers are strings. */
export type ErrorData = Readonly<Record<string, string | number | boolean | null>>;

/**
 * The one family of errors. `message` is one line for people: what went wrong, where, what was expected and what was
 * found. `code` and `data` are for programs, and `cause` is the error underneath, if there is one.
 */
export class PoolTrackerError extends Error {
  /** What tells it from other errors where classes cannot be compared. */
  override readonly name = 'PoolTrackerError';
  /** Stable: programs may compare it. */
  readonly code: ErrorCode;
  /** What the message names, as values; empty when there is nothing to tell. */
  readonly data: ErrorData;
  /** What to try, in one line; null when there is no advice. */
  readonly hint: string | null;

  /** @param message one line, without the code and without the hint */
  constructor(code: ErrorCode, message: string, options: { hint?: string; data?: ErrorData; cause?: unknown } = {}) {
    // Names out of files and images are part of messages: they must neither break the line nor hide in it.
    super(printable(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.data = options.data ?? {};
    this.hint = options.hint ?? null;
  }

  /** The command line's exit status for this error. */
  get exitStatus(): number {
    return EXIT_STATUS[this.code];
  }
}

/** A fault that does not stop the work: it is reported, kept in the image record, and turned into an error by `--strict`. */
export interface Warning {
  /** Stable, kebab-case: `image-cut`. */
  readonly code: string;
  /** One line for people. */
  readonly message: string;
}

/** Takes the place of a value that is not available, with the reason. It is not an error: everything else goes on. */
export interface Missing {
  /** Why, in one line. */
  readonly missing: string;
}

/** Whether a value is not available, and this is the reason instead. */
export function isMissing(value: object): value is Missing {
  // An address is a bigint, though its brand makes an object of its type.
  return typeof value === 'object' && 'missing' in value;
}

/** The code of a system error (`ENOENT`, `EPIPE`, …), or null. */
export function systemErrorCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

/** The message of any thrown value, in one line. */
export function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\s*\n\s*/g, ' ');
}

/** What the system lacks when it says so: no fault of the program, and none of the image. */
const LACKING: Readonly<Record<string, { readonly code: ErrorCode; readonly why: string; readonly hint: string }>> = {
  EMFILE: { code: 'SOURCE_UNREADABLE', why: 'too many files are open', hint: 'raise the limit: ulimit -n' },
  ENFILE: { code: 'SOURCE_UNREADABLE', why: 'too many files are open on this machine', hint: 'close other programs' },
  ENOMEM: { code: 'SOURCE_UNREADABLE', why: 'there is not memory enough', hint: 'close other programs' },
  ENOSPC: { code: 'OUTPUT_FAILED', why: 'no space is left', hint: 'make room, or name another directory' },
  EDQUOT: { code: 'OUTPUT_FAILED', why: 'the quota is used up', hint: 'make room, or name another directory' },
  EROFS: { code: 'OUTPUT_FAILED', why: 'the file system is read-only', hint: 'name another directory' },
};

/** Whatever was thrown, as an error of the one family. */
export function knownError(error: unknown): PoolTrackerError {
  if (error instanceof PoolTrackerError) return error;
  const lacking = LACKING[systemErrorCode(error) ?? ''];
  if (lacking !== undefined)
    return new PoolTrackerError(lacking.code, `${lacking.why} (${messageOf(error)})`, {
      hint: lacking.hint,
      cause: error,
    });
  return new PoolTrackerError('INTERNAL', `unexpected: ${messageOf(error)}`, { cause: error });
}
