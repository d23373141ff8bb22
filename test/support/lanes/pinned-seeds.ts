/** A property or a sweep of a test that failed once: its name as the failure told it, the seed, and the path to the case. */
export type Pin = readonly [name: string, seed: number, path?: string];

/**
 * Cases that failed once, tried in every run before any other. `make torture` and every failing property print the line
 * to add here; a line stays for ever, or until its test is renamed.
 */
export const PINNED_SEEDS: readonly Pin[] = [
  ['tables put together from pages finds any table of 80-byte entries, shuffled among other pages', 564778941, '5:34'],
];
