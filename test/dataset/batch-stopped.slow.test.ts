import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { Batch, type BatchOptions } from '../../src/dataset/batch.js';
import { type ImageFeed, ListedImages } from '../../src/dataset/images/image-feed.js';
import type { ListedImage } from '../../src/dataset/images/images.js';
import { LabelRules } from '../../src/dataset/images/labels.js';
import type { BatchSummary, ImageEvent } from '../../src/dataset/ingest/batch-events.js';
import { ImagePool } from '../../src/dataset/ingest/image-pool.js';
import { writeSmallImage, writeSmallImages } from '../support/images/dataset-images.js';
import { datasetFiles, datasetRows } from '../support/records/dataset-content.js';
import { builtFile, ended, runCli, said, startCli, type CliEnd } from '../support/run/cli.js';
import { HandClock } from '../support/run/hand-clock.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';
import { BufferSource } from '../support/sources/buffer-source.js';
import { RangeServer } from '../support/sources/range-server.js';

describe('a batch that cannot go on', () => {
  const folder = temporaryFolder();

  before(() => writeSmallImages(folder.path('dumps'), 3));

  async function optionsFor(out: string): Promise<BatchOptions> {
    await mkdir(folder.path(out));
    return {
      out: folder.path(out),
      records: ['pool_tag', 'image'],
      scan: {},
      sink: {},
      labels: await LabelRules.load({ fixed: {}, patterns: [] }),
      jobs: 2,
      timeoutMs: 3000,
      redo: false,
      failFast: false,
    };
  }
  const poolOf = ({ timeoutMs }: BatchOptions, clock?: HandClock): ImagePool =>
    new ImagePool(timeoutMs, pathToFileURL(builtFile('dataset/ingest/image-worker.js')), clock);

  it('an image that hangs is given up, recorded, and keeps no other waiting', async () => {
    const server = await new RangeServer({ 'hangs.raw': new BufferSource(Buffer.alloc(0x20000)) }).start();
    server.hold();
    const clock = new HandClock();
    const options = await optionsFor('hanging');
    const url = server.url('hangs.raw');
    const locations = [url, ...[0, 1, 2].map((seed) => folder.path(`dumps/web${seed % 2}/${seed}.raw`))];
    const events: ImageEvent[] = [];
    const pool = poolOf(options, clock);
    const batch = new Batch(
      new ListedImages(locations.map((location) => ({ location, source: location, found: false, version: null }))),
      options,
      {
        listed: () => undefined,
        image: (event) => {
          // All but the one that hangs: its time is over when they are done, and not before.
          if (events.push(event) === locations.length - 1) clock.ring();
        },
      },
      pool,
    );
    try {
      const { counts } = await batch.run();
      assert.deepEqual([counts.ok, counts.failed], [3, 1]);
      const { path, error_code: code, message } = events.at(-1)!;
      assert.deepEqual(
        [path, code, message],
        [url, 'IMAGE_TIMED_OUT', `${url}: not done after 3 seconds; --timeout gives it more`],
      );
      assert.equal((await datasetRows(folder.path('hanging'), 'image')).length, 4);
    } finally {
      await server.stop();
    }
  });

  it('a dataset that cannot be written ends it, though more images may come at any time', async () => {
    const options = await optionsFor('unwritable');
    const location = folder.path('dumps/web0/0.raw');
    const images = [{ location, source: location, found: false, version: null }];
    let end = (): void => undefined;
    const ended = new Promise<null>((resolve) => (end = () => resolve(null)));
    const next = async (): Promise<ListedImage | null> => {
      // Where the folder of its records would be.
      await writeFile(folder.path('unwritable/pool_tag'), '');
      return images.pop() ?? ended;
    };
    const feed: ImageFeed = { count: null, left: 0, next, end };
    const batch = new Batch(feed, options, { listed: () => undefined, image: () => undefined }, poolOf(options));
    await assert.rejects(batch.run(), { code: 'OUTPUT_FAILED' });
    // The next one is told at once, in one line.
    await assert.rejects(new Batch(feed, options, { listed: () => undefined, image: () => undefined }).run(), {
      code: 'OUTPUT_FAILED',
      message: `cannot write ${folder.path('unwritable/pool_tag')}/v=1: a part of its path is not a directory`,
    });
  });

  it('--timeout says how long an image may take', async () => {
    const server = await new RangeServer({ 'hangs.raw': new BufferSource(Buffer.alloc(0x20000)) }).start();
    server.hold();
    try {
      const { status, stderr } = await runCli([
        'batch',
        server.url('hangs.raw'),
        '--out',
        folder.path('timeout'),
        '--timeout',
        '1',
      ]);
      assert.equal(status, 1);
      assert.match(stderr, /hangs\.raw: not done after 1 seconds; --timeout gives it more/);
    } finally {
      await server.stop();
    }
  });
});

function summaryOf({ stderr }: CliEnd): BatchSummary {
  return JSON.parse(stderr.trim().split('\n').at(-1)!) as BatchSummary;
}

describe('a batch that is interrupted', () => {
  const folder = temporaryFolder();
  const IMAGES = 10;
  let server: RangeServer;
  const sources = (): string[] => ['1', '2'].map((name) => server.url(`web0/${name}.raw`));
  const command = (out: string): string[] => [
    'batch',
    ...sources(),
    folder.path('many'),
    '--out',
    folder.path(out),
    '--log',
    'json',
    '--jobs',
    '2',
    '--label-from',
    '/(?<host>[^/]+)/[^/]+$',
  ];

  before(async () => {
    await writeSmallImages(folder.path('many'), IMAGES);
    await mkdir(folder.path('remote'));
    for (const seed of [1, 2]) await writeSmallImage(folder.path(`remote/${seed}.raw`), IMAGES + seed);
    server = await new RangeServer({
      'web0/1.raw': new BufferSource(await readFile(folder.path('remote/1.raw'))),
      'web0/2.raw': new BufferSource(await readFile(folder.path('remote/2.raw'))),
    }).start();
  });
  after(() => server.stop());

  it('once: what is in flight is finished, the rest told, exit status 130; the same command goes on', async () => {
    const { asked, release } = server.hold();
    const child = startCli(command('interrupted'));
    const end = ended(child);
    await asked;
    child.kill('SIGINT');
    await said(child, /"interrupted: .*images are left/);
    release();
    const { status, stderr } = await end;
    assert.equal(status, 130, stderr);
    const summary = summaryOf(await end);
    assert.deepEqual([summary.counts.ok, summary.left], [2, IMAGES]);
    assert.match(stderr, new RegExp(`interrupted: .*${IMAGES} images are left`));
    assert.equal((await datasetRows(folder.path('interrupted'), 'image')).length, 2);
    const rest = summaryOf(await runCli(command('interrupted'))).counts;
    assert.deepEqual([rest.ok, rest['done-before']], [IMAGES, 2]);
  });

  it('twice: the signal ends it at once, and nothing is left half-written', async () => {
    server.hold();
    const child = startCli(command('stopped').filter((word) => word !== sources()[1]));
    const end = ended(child);
    await said(child, /"event":"image"/);
    child.kill('SIGINT');
    await said(child, /"interrupted: /);
    child.kill('SIGINT');
    assert.equal((await end).signal, 'SIGINT');
    for (const path of await datasetFiles(folder.path('stopped')))
      assert.match(path, /^(_dataset\.json|.*\/part-[0-9a-f]{32}\.parquet)$/);
  });
});
