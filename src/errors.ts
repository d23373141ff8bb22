/**
 * The one family of errors. Each has a stable code, data for programs, and a message for people:
 * what went wrong, where, what was expected and what was found; `hint` says what to try.
 */

/** Every code with the exit status that the command line gives it. Codes are stable: scripts may match on them. */
export const EXIT_STATUS = {
  INTERNAL: 1,
  SOURCE_NOT_FOUND: 1,
  SOURCE_NOT_PERMITTED: 1,
  SOURCE_IS_DIRECTORY: 1,
  SOURCE_UNREADABLE: 1,
  SOURCE_CHANGED: 1,
  OUTPUT_EXISTS: 1,
  OUTPUT_FAILED: 1,
  RECORDS_DAMAGED: 1,
  DEPENDENCY_MISSING: 1,
  IMAGE_TIMED_OUT: 1,
  IMAGE_CRASHED: 1,
  QUEUE_FAILED: 1,
  USAGE: 2,
  SYMBOL_FILE_DAMAGED: 2,
  NOT_AN_IMAGE: 3,
  FORMAT_REFUSED: 3,
  FORMAT_DAMAGED: 3,
  NO_KERNEL: 4,
  TABLES_NOT_FOUND: 5,
  INCOMPLETE: 6,
} as const;

export type ErrorCode = keyof typeof EXIT_STATUS;

/** Values that an error carries for programs; addresses and 64-bit numbers as strings. */
export type ErrorData = Readonly<Record<string, string | number | boolean | null>>;

export class PoolTrackerError extends Error {
  override readonly name = 'PoolTrackerError';
  readonly code: ErrorCode;
  readonly data: ErrorData;
  readonly hint: string | null;

  constructor(code: ErrorCode, message: string, options: { hint?: string; data?: ErrorData; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.data = options.data ?? {};
    this.hint = options.hint ?? null;
  }

  /** The command line's exit status for this error. */
  get exitStatus(): number {
    return EXIT_STATUS[this.code];
  }
}

/** A fault that does not stop the work: it is told, kept in the image record, and made an error by `--strict`. */
export interface Warning {
  /** Stable, kebab-case. */
  readonly code: string;
  readonly message: string;
}

/** Stands in the place of something that cannot be had, with the reason in one line: no error, since the rest goes on. */
export interface Missing {
  readonly missing: string;
}

/** Whether the reason for its absence stands in a value's place. */
export function isMissing(value: object): value is Missing {
  return 'missing' in value;
}

/** The code of a system error (`ENOENT`, `EPIPE`, …), or null. */
export function systemErrorCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

/** What any thrown value says, in one line. */
export function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\s*\n\s*/g, ' ');
}
