import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { FORBIDDEN } from '../support/sweep/judge.js';
import { DAMAGE_KINDS, judgeSweepImage, sweepImage, WAYS, writeSweepImage } from '../support/sweep/sweep.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';

/** A small fixed part of `make sweep`: two machines of each kind of damage. */
const SEED = 1;
const KINDS = Object.keys(DAMAGE_KINDS);

describe('damaged and misleading memories', () => {
  const folder = temporaryFolder();

  for (const [number, kind] of KINDS.entries())
    for (const index of [number, number + KINDS.length])
      it(`${kind}, image ${index}: no answer is wrong and silent`, async () => {
        const image = sweepImage(SEED, index);
        assert.equal(image.kind, kind);
        const path = await writeSweepImage(image, folder.path('.'));
        for (const way of WAYS) {
          const { verdict, why } = await judgeSweepImage(image, path, way);
          assert.ok(!FORBIDDEN.includes(verdict), `${way}: ${verdict}: ${image.damage.note}; ${why}`);
        }
        await rm(path);
      });
});
