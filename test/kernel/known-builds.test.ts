import assert from 'node:assert/strict';
import { knownBuild } from '../../src/kernel/symbols/known-builds.js';
import { REAL_BUILDS } from '../support/generate/kernel/kernel-builds.js';

describe('the built-in list of kernel builds', () => {
  for (const build of REAL_BUILDS) {
    it(`has ${build.version} as its symbol file does`, async () => {
      const known = await knownBuild({ name: build.pdb, guid: build.guid, age: build.age });
      assert.equal(known?.version, build.version);
      assert.equal(known.trackerEntrySize, build.trackerEntry.size);
      assert.equal(known.tagTablesCapacity, build.tagTablesCapacity);
      for (const [name, rva] of Object.entries(build.rva))
        assert.equal((known.rva as Record<string, number>)[name], rva, name);
    });
  }
  it('does not know a GUID that nobody has', async () =>
    assert.equal(await knownBuild({ name: 'ntkrnlmp.pdb', guid: '0'.repeat(32), age: 1 }), null));
  it('does not take one age for another', async () => {
    const { pdb, guid, age } = REAL_BUILDS[0]!;
    assert.equal(await knownBuild({ name: pdb, guid, age: age + 1 }), null);
  });
});
