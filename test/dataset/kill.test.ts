import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { ended, runCli, startCli } from '../support/compiled-cli.js';
import { datasetContent, datasetFiles } from '../support/dataset-content.js';
import { writeSmallImages } from '../support/dataset-images.js';
import { Random } from '../support/generate/random.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const KILLS = 50;
const IMAGES = 6;

describe('a batch that is killed', () => {
  const folder = temporaryFolder();

  it(`kill -9 at ${KILLS} random moments: each dataset is in the end what an undisturbed run makes`, async function () {
    this.timeout(240_000);
    const random = new Random(5);
    const command = (out: string): string[] => [
      'batch',
      folder.path('dumps'),
      '--out',
      out,
      '--jobs',
      '2',
      '--label-from',
      '/(?<host>[^/]+)/[^/]+$',
    ];
    await writeSmallImages(folder.path('dumps'), IMAGES);
    assert.equal((await runCli(command(folder.path('warm-up')))).status, 0);
    const startedAt = performance.now();
    assert.equal((await runCli(command(folder.path('undisturbed')))).status, 0);
    const wholeRun = performance.now() - startedAt;
    const expected = await datasetContent(folder.path('undisturbed'));
    assert.equal((await datasetFiles(folder.path('undisturbed'))).length, 2 * IMAGES + 1);

    let kills = 0;
    for (let round = 0; kills < KILLS; round++) {
      const out = folder.path(`killed-${round}`);
      for (;;) {
        const child = startCli(command(out));
        const end = ended(child);
        await Promise.race([end, delay(wholeRun * (0.2 + random.below(1000) / 1000))]);
        child.kill('SIGKILL');
        if ((await end).signal === 'SIGKILL') {
          kills++;
          continue;
        }
        assert.equal((await end).status, 0, (await end).stderr);
        break;
      }
      assert.deepEqual(await datasetContent(out), expected);
    }
    assert.ok(kills >= KILLS);
  });
});
