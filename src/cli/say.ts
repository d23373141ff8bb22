import type { PoolTrackerError } from '../errors.js';

/** Words go to standard error; data alone goes to standard output. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

export function warn(message: string): void {
  say(`pool-tracker: warning: ${message}`);
}

/** One line: what went wrong, then what to try. */
export function sayError(error: PoolTrackerError): void {
  say(`pool-tracker: ${error.message}${error.hint === null ? '' : `; ${error.hint}`}`);
}
