/** Between 1601-01-01 and 1970-01-01, in milliseconds. */
const EPOCH_DIFFERENCE = 11_644_473_600_000;

/**
 * A FILETIME (100 ns since 1601, UTC) as a date; undefined when it is 0, before 1985 or after 2200, which no clock
 * shows.
 */
export function dateOfFileTime(fileTime: bigint): Date | undefined {
  const date = new Date(Number(fileTime / 10_000n) - EPOCH_DIFFERENCE);
  const year = date.getUTCFullYear();
  return year >= 1985 && year <= 2200 ? date : undefined;
}
