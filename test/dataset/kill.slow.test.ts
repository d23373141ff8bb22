import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { cp, rm } from 'node:fs/promises';
import { IMAGE, POOL_TAG } from '../../src/record/schema/record-types.js';
import { canAskClickhouse, deltaRows, fileRows } from '../support/records/clickhouse.js';
import { datasetContent, datasetFiles } from '../support/records/dataset-content.js';
import { writeSmallImages } from '../support/images/dataset-images.js';
import { sweep } from '../support/lanes/property.js';
import { killPoints } from '../support/lanes/seeds.js';
import { runCli } from '../support/run/cli.js';
import { runByStep, runUntilStep } from '../support/run/disk-steps.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';

const IMAGES = 2;
/** Of the changes that are looked at, each so many is one before which a process is really killed; all with KILL_POINTS. */
const KILLED = 12;
/** Changes that a worker thread makes for one image, or more. */
const WORKER_STEPS = 25;

describe('a batch that is killed', () => {
  const folder = temporaryFolder();
  const command = (out: string, jobs = 2): string[] => [
    'batch',
    folder.path('dumps'),
    '--out',
    folder.path(out),
    '--jobs',
    String(jobs),
    '--label-from',
    '/(?<host>[^/]+)/[^/]+$',
  ];
  let expected: object;
  let canAsk = false;
  const changes: string[] = [];

  /**
   * Copies the dataset of a batch that is about to make a change: what it would leave if it were killed. Its threads go on
   * meanwhile, so a file may be gone before it is copied.
   */
  async function copyLeft(at: number): Promise<void> {
    for (;;) {
      try {
        return await cp(folder.path('undisturbed'), folder.path(`main-${at}`), { recursive: true });
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
        await rm(folder.path(`main-${at}`), { recursive: true, force: true });
        if (!existsSync(folder.path('undisturbed'))) return;
      }
    }
  }

  before(async () => {
    await writeSmallImages(folder.path('dumps'), IMAGES);
    const { status, stderr } = await runByStep(command('undisturbed'), (change) => copyLeft(changes.push(change)));
    assert.equal(status, 0, stderr);
    assert.equal((await datasetFiles(folder.path('undisturbed'))).length, 2 * IMAGES + 1);
    expected = await datasetContent(folder.path('undisturbed'));
    canAsk = await canAskClickhouse();
  });

  async function endsAsUndisturbed(out: string): Promise<void> {
    const { status, stderr } = await runCli(command(out, 1));
    assert.equal(status, 0, stderr);
    assert.deepEqual(await datasetContent(folder.path(out)), expected, out);
    if (canAsk)
      for (const record of [POOL_TAG, IMAGE])
        assert.deepEqual(
          await deltaRows(folder.path(`${out}/${record.name}`), record),
          await fileRows(folder.path(out), record),
          `${out}: the Delta table is the files`,
        );
  }

  it('before any change on the disk, its dataset is in the end what an undisturbed run makes', async () => {
    const steps = changes.length;
    assert.ok(steps >= 10 * IMAGES, `${steps} changes`);
    let looked = 0;
    for (let at = 1; at <= steps; at++) {
      // What is written to a file that has no name yet is seen by nobody: a few of these do.
      if (/^(write|sync|datasync)/.test(changes[at - 1]!) && at % 10 > 0) continue;
      // Images are brought in alike: of those behind the first, every other change does.
      if (killPoints(0) === 0 && at > steps / 2 && at % 2 > 0) continue;
      const out = `main-${at}`;
      if (killPoints(0) > 0 || looked++ % KILLED === 0) {
        await rm(folder.path(out), { recursive: true, force: true });
        const { signal, stderr } = await runUntilStep(command(out), 'main', at);
        assert.equal(signal, 'SIGKILL', `at change ${at} of ${steps}: ${stderr}`);
      }
      await endsAsUndisturbed(out);
    }
  });

  it('again and again while its threads write, too', () =>
    sweep(5, async (random) => {
      for (let round = 0; round < killPoints(3); round++) {
        const out = `threads-${random.u32()}`;
        for (let kills = 0; kills < 3; kills++)
          await runUntilStep(command(out), 'worker', 1 + random.below(WORKER_STEPS));
        await endsAsUndisturbed(out);
      }
    }));
});
