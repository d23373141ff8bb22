import assert from 'node:assert/strict';
import { appendFile, copyFile, mkdir, open, readFile, rename } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { BatchSummary, ImageEvent } from '../../src/dataset/ingest/batch-events.js';
import { writeSmallImage, writeSmallImages } from '../support/images/dataset-images.js';
import { datasetRows } from '../support/records/dataset-content.js';
import { type CliEnd, ended, runCli, startCli } from '../support/run/cli.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';

/** A batch that watches a folder, and its lines as they come. */
class Watching {
  private readonly lines: AsyncIterator<string>;
  private readonly end: Promise<CliEnd>;
  private readonly child: ReturnType<typeof startCli>;

  constructor(folder: string, dataset: string, ...more: string[]) {
    const words = ['batch', '--watch', folder, '--out', dataset, '--log', 'json', '--settle', '1', '-j', '2', ...more];
    this.child = startCli(words);
    this.end = ended(this.child);
    this.lines = createInterface({ input: this.child.stderr! })[Symbol.asyncIterator]();
  }

  /** The next image that is done. */
  async next(): Promise<ImageEvent> {
    const { value, done } = await this.lines.next();
    assert.notEqual(done, true, 'it ended');
    return JSON.parse(value as string) as ImageEvent;
  }

  async stop(signal: NodeJS.Signals): Promise<{ status: number | null; summary: BatchSummary }> {
    this.child.kill(signal);
    let last = '';
    for (let step = await this.lines.next(); step.done !== true; step = await this.lines.next()) last = step.value;
    return { status: (await this.end).status, summary: JSON.parse(last) as BatchSummary };
  }
}

describe('batch --watch', () => {
  const folder = temporaryFolder();

  before(async () => {
    await mkdir(folder.path('drop/web1'), { recursive: true });
    await writeSmallImages(folder.path('made'), 4);
  });

  it('brings in what is there, then what comes, and ends on a signal', async () => {
    await copyFile(folder.path('made/web0/0.raw'), folder.path('drop/first.raw'));
    const watching = new Watching(folder.path('drop'), folder.path('drop/lake'));
    const first = await watching.next();
    assert.deepEqual([first.path, first.status], [folder.path('drop/first.raw'), 'ok']);
    await rename(folder.path('made/web1/1.raw'), folder.path('drop/web1/moved.raw'));
    assert.equal((await watching.next()).path, folder.path('drop/web1/moved.raw'));
    await appendFile(folder.path('drop/readme.txt'), 'no image\n'.repeat(2000));
    assert.equal((await watching.next()).status, 'passed-over');
    const { status, summary } = await watching.stop('SIGTERM');
    assert.deepEqual([status, summary.counts.ok, summary.counts['passed-over'], summary.left], [0, 2, 1, 0]);
    assert.equal((await datasetRows(folder.path('drop/lake'), 'image')).length, 2, 'the dataset lies in the folder');
  });

  it('after a restart only what is new is scanned; a file is taken when it is whole', async () => {
    const bytes = await readFile(folder.path('made/web0/2.raw'));
    const growing = await open(folder.path('drop/grown.raw'), 'w');
    await growing.write(bytes.subarray(0, 1 << 20));
    const watching = new Watching(folder.path('drop'), folder.path('drop/lake'));
    await growing.write(bytes.subarray(1 << 20));
    await growing.close();
    const statuses = new Map<string, string>();
    for (let count = 0; count < 4; count++) {
      const { path, status } = await watching.next();
      statuses.set(path.slice(folder.path('drop/').length), status);
    }
    assert.deepEqual(
      [...statuses].sort(),
      [
        ['first.raw', 'done-before'],
        ['grown.raw', 'ok'],
        ['readme.txt', 'passed-over'],
        ['web1/moved.raw', 'done-before'],
      ].sort(),
    );
    await writeSmallImage(folder.path('drop/first.raw'), 9);
    assert.deepEqual(await watching.next().then(({ path, status }) => [path, status]), [
      folder.path('drop/first.raw'),
      'ok',
    ]);
    assert.equal((await watching.stop('SIGINT')).status, 0);
    assert.equal((await datasetRows(folder.path('drop/lake'), 'image')).length, 4);
  });

  it('watches folders only', async () => {
    for (const word of [folder.path('nowhere'), folder.path('made/web1/3.raw'), '-']) {
      const end = await runCli(['batch', '--watch', word, '--out', folder.path('other')]);
      assert.equal(end.status, 1);
      assert.match(end.stderr, /expected a folder to watch, found none/);
    }
    assert.equal((await runCli(['batch', 'x', '--settle', '3', '--out', folder.path('other')])).status, 2);
  });
});
