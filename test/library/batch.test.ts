import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import type { ImageEvent, Progress } from '../../src/index.js';
import { writeSmallImages } from '../support/images/dataset-images.js';
import { builtFile } from '../support/run/cli.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';

type Library = typeof import('../../src/index.js');

/** The built package: its threads run what is built. */
async function built(): Promise<Library> {
  return (await import(builtFile('index.js'))) as Library;
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' });
}

describe('batch as a function', () => {
  const folder = temporaryFolder();
  let library: Library;

  before(async () => {
    library = await built();
    await writeSmallImages(folder.path('dumps'), 4);
  });

  async function hosts(lake: string): Promise<unknown[]> {
    const found = [];
    for await (const row of library.query(lake, 'SELECT host, count(*) AS n FROM images GROUP BY host ORDER BY host'))
      found.push([row.host, row.n]);
    return found;
  }

  it('refuses numbers that make no sense before anything is made', async () => {
    for (const options of [
      { jobs: 0 },
      { jobs: NaN },
      { shard: { part: 4, parts: 4 } },
      { shard: { part: 0, parts: 0 } },
      { shard: { part: -1, parts: 2 } },
    ])
      await assert.rejects(library.batch(folder.path('dumps'), folder.path('none'), options), { code: 'USAGE' });
    assert.equal(existsSync(folder.path('none')), false);
  });

  it('scans images into a dataset, tells of each, and goes on where it was', async () => {
    const lake = folder.path('lake');
    const events: ImageEvent[] = [];
    const progress: Progress[] = [];
    const how = { labelsFrom: ['/(?<host>[^/]+)/[^/]+$'], jobs: 2 };
    const summary = await library.batch(folder.path('dumps'), lake, {
      ...how,
      onImage: (event) => events.push(event),
      onProgress: (one) => progress.push(one),
    });
    assert.deepEqual([summary.images, summary.left, summary.counts.failed], [4, 0, 0]);
    assert.deepEqual(
      events.map(({ event, records }) => [event, records > 0]),
      Array(4).fill(['image', true]),
    );
    assert.deepEqual(
      progress,
      [0, 1, 2, 3, 4].map((done) => ({ name: lake, unit: 'images', done, total: 4 })),
    );
    assert.deepEqual(await hosts(lake), [
      ['web0', 2n],
      ['web1', 2n],
    ]);
    const again = await library.batch([folder.path('dumps')], lake, how);
    assert.equal(again.counts['done-before'], 4);
  });

  it('takes a part of the images only', async () => {
    const parts = await Promise.all(
      [0, 1].map((part) =>
        library.batch(folder.path('dumps'), folder.path(`part${part}`), { shard: { part, parts: 2 } }),
      ),
    );
    assert.equal(parts[0]!.images + parts[1]!.images, 4);
  });

  it('ends by a signal with its reason: what is published is whole, and the next call does the rest', async () => {
    const lake = folder.path('aborted');
    const reason = new Error('enough');
    const controller = new AbortController();
    const done: ImageEvent[] = [];
    const how = { labelsFrom: ['/(?<host>[^/]+)/[^/]+$'], jobs: 1 };
    const aborted = library.batch(folder.path('dumps'), lake, {
      ...how,
      signal: controller.signal,
      onImage: (event) => {
        done.push(event);
        controller.abort(reason);
      },
    });
    await assert.rejects(aborted, (error) => error === reason);
    assert.equal(done.length, 1);
    assert.deepEqual(
      filesIn(lake).filter((name) => /\.part$|staging\/./.test(name)),
      [],
    );
    assert.deepEqual(await hosts(lake), [['web0', 1n]]);
    const rest = await library.batch(folder.path('dumps'), lake, how);
    assert.deepEqual([rest.counts['done-before'], rest.counts.failed], [1, 0]);
    assert.deepEqual(await hosts(lake), [
      ['web0', 2n],
      ['web1', 2n],
    ]);
  });

  it('ends images in flight: none of theirs is recorded as a failure', async () => {
    const lake = folder.path('in-flight');
    const reason = new Error('enough');
    const controller = new AbortController();
    const events: ImageEvent[] = [];
    await assert.rejects(
      library.batch(folder.path('dumps'), lake, {
        jobs: 2,
        signal: controller.signal,
        onProgress: ({ done }) => (done === 0 ? setImmediate(() => controller.abort(reason)) : undefined),
        onImage: (event) => events.push(event),
      }),
      (error) => error === reason,
    );
    assert.ok(events.every(({ status }) => status === 'ok' || status === 'incomplete'));
    const summary = await library.batch(folder.path('dumps'), lake, {});
    assert.deepEqual([summary.counts.failed, summary.counts['done-before']], [0, events.length]);
  });

  it('does not begin when the signal has come before, nor with records that no image has', async () => {
    const lake = folder.path('never');
    const signal = AbortSignal.abort(new Error('before'));
    await assert.rejects(library.batch(folder.path('dumps'), lake, { signal }), { message: 'before' });
    await assert.rejects(library.batch(folder.path('dumps'), lake, { records: ['pool_tag_live' as 'pool_tag'] }), {
      code: 'USAGE',
    });
    assert.equal(existsSync(lake), false);
  });
});
