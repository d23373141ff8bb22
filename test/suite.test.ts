import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const MAX_FILES = 15;

/**
 * Whoever waits for a time asserts a time; `until` waits for something to be so, the compaction's entry has a date, and
 * torture works for as long as it is told.
 */
const MAY_KNOW_TIME = [
  'suite.test.ts',
  'support/run/until.ts',
  'dataset/compact.slow.test.ts',
  'support/fuzz/fuzz-worker.ts',
];
const KNOWS_TIME = /\b(performance\.now|Date\.now|hrtime|cpuUsage|setTimeout|setInterval|this\.timeout)\b/;

/** Numbers that are another in each run make another test of it in each run. */
const MAY_BE_RANDOM = ['suite.test.ts', 'support/lanes/property.ts'];
const IS_RANDOM = /\b(Math\.random|randomBytes|randomInt|randomUUID|fc\.assert)\b/;

const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
  .map((name) => name.replaceAll('\\', '/'))
  .filter((name) => /\.[cm]?[jt]s$/.test(name));

function saying(pattern: RegExp, except: readonly string[]): string[] {
  return files.filter((name) => !except.includes(name) && pattern.test(readFileSync(`${FOLDER}${name}`, 'utf8')));
}

describe('the tests', () => {
  it('know no time', () => assert.deepEqual(saying(KNOWS_TIME, MAY_KNOW_TIME), []));

  it('leave nothing to chance but by property.ts', () => assert.deepEqual(saying(IS_RANDOM, MAY_BE_RANDOM), []));

  it(`lie in folders of at most ${MAX_FILES}`, () => {
    const counts = new Map<string, number>();
    for (const name of files) counts.set(dirname(name), (counts.get(dirname(name)) ?? 0) + 1);
    assert.deepEqual(
      [...counts].filter(([, count]) => count > MAX_FILES),
      [],
    );
  });
});
