import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { FORBIDDEN } from '../support/sweep/judge.js';
import { DAMAGE_KINDS, judgeSweepImage, sweepImage, WAYS, writeSweepImage } from '../support/sweep/sweep.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';

/** Machines that were answered for wrongly and silently once: seed and index. */
const ONCE_SILENT = [
  [9, 465],
  [9, 488],
  [9, 862],
  [9, 1778],
  [9, 1949],
  [9, 1975],
  [9, 2301],
  [9, 2423],
  [11, 16],
] as const;

/** A small fixed part of `make sweep`: two machines of each kind of damage. */
const SEED = 1;
const KINDS = Object.keys(DAMAGE_KINDS);

describe('damaged and misleading memories', () => {
  const folder = temporaryFolder();

  async function assertNotSilent(seed: number, index: number, kind?: string): Promise<void> {
    const image = sweepImage(seed, index);
    if (kind !== undefined) assert.equal(image.kind, kind);
    const path = await writeSweepImage(image, folder.path('.'));
    for (const way of WAYS) {
      const { verdict, why } = await judgeSweepImage(image, path, way);
      assert.ok(!FORBIDDEN.includes(verdict), `${way}: ${verdict}: ${image.damage.note}; ${why}`);
    }
    await rm(path);
  }

  for (const [number, kind] of KINDS.entries())
    for (const index of [number, number + KINDS.length])
      it(`${kind}, image ${index}: no answer is wrong and silent`, () => assertNotSilent(SEED, index, kind));

  for (const [seed, index] of ONCE_SILENT)
    it(`image ${index} of seed ${seed}: no answer is wrong and silent any more`, () => assertNotSilent(seed, index));
});
