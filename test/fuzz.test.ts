import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mutate } from './support/fuzz/mutate.js';
import { runCase } from './support/fuzz/run-case.js';
import { FUZZ_TARGETS } from './support/fuzz/targets/targets.js';
import { Random } from './support/generate/random.js';

/** `make torture` runs as many as there is time for; what it finds is kept in a folder of the target, for ever. */
const CASES = 120;
const FOUND = new URL('./support/fuzz/found/', import.meta.url);

function found(target: string): (readonly [string, Buffer])[] {
  const folder = new URL(`${target}/`, FOUND);
  if (!existsSync(folder)) return [];
  return readdirSync(folder).map((name) => [name, readFileSync(new URL(name, folder))] as const);
}

describe('changed files', () => {
  for (const target of FUZZ_TARGETS) {
    it(`give an answer or one clear line: ${target.name}`, async () => {
      const seeds = target.seeds();
      const cases = Array.from({ length: CASES }, (_, number) => [`case ${number}`, mutate(seeds, new Random(number))]);
      for (const [name, bytes] of [...found(target.name), ...cases] as (readonly [string, Buffer])[]) {
        const { problem } = await runCase(target, bytes);
        assert.equal(problem, null, `${target.name}, ${name}`);
      }
    });
  }

  it('what was found belongs to a target', () => {
    const names = existsSync(FOUND) ? readdirSync(FOUND) : [];
    assert.deepEqual(
      names.filter((name) => !FUZZ_TARGETS.some((target) => target.name === name)),
      [],
    );
  });
});
