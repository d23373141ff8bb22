import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { BatchSummary } from '../../src/dataset/ingest/batch-events.js';
import { S3Store } from '../../src/dataset/store/s3-store.js';
import { runCli } from '../support/run/cli.js';
import { POOL_TAG } from '../../src/record/schema/record-types.js';
import { canAskClickhouse, deltaRows, fileRows, icebergRowsInBucket } from '../support/records/clickhouse.js';
import { datasetContent } from '../support/records/dataset-content.js';
import { writeSmallImage } from '../support/images/dataset-images.js';
import { Random } from '../support/generate/random.js';
import { S3Server } from '../support/sources/s3-server.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';

describe('a dataset in a bucket', () => {
  const folder = temporaryFolder();
  let server: S3Server;
  let copies = 0;

  before(async () => {
    server = await S3Server.start();
    for (let seed = 0; seed < 4; seed++)
      await server.put(
        `dumps/web${seed % 2}/${seed}.raw`,
        (path) => writeSmallImage(path, seed),
        String(seed).repeat(32),
      );
    await server.put('dumps/readme.txt', (path) => writeFile(path, 'no image '.repeat(1000)), 'f'.repeat(32));
  });
  after(() => server.stop());

  /** Every object of a dataset, as a local one. */
  async function download(name: string): Promise<string> {
    const store = new S3Store(name);
    const local = folder.path(`copy-${++copies}`);
    for await (const { path, bytes } of store.list('')) {
      await mkdir(dirname(`${local}/${path}`), { recursive: true });
      const body = await buffer((await store.open(path))!);
      assert.equal(body.length, bytes);
      await writeFile(`${local}/${path}`, body);
    }
    return local;
  }

  const batch = async (out: string, ...more: string[]): Promise<BatchSummary> => {
    const end = await runCli([
      'batch',
      's3://images/dumps/',
      '--out',
      out,
      '--log',
      'json',
      '--label-from',
      '/(?<host>[^/]+)/[^/]+$',
      ...more,
    ]);
    assert.equal(end.status, 0, end.stderr);
    return JSON.parse(end.stderr.trim().split('\n').at(-1)!) as BatchSummary;
  };

  it('images below a prefix become the same files in a bucket as in a directory; again, none is scanned', async () => {
    const { counts } = await batch('s3://images/lake', '--table', 'both');
    assert.deepEqual([counts.ok, counts['passed-over']], [4, 1]);
    await batch(folder.path('local'));
    const expected = await datasetContent(folder.path('local'));
    assert.deepEqual(await datasetContent(await download('s3://images/lake')), expected);
    assert.equal((await batch('s3://images/lake/')).counts['done-before'], 4);
    assert.equal((await batch('s3://images/lake', '--force')).counts.ok, 4);
    assert.deepEqual(await datasetContent(await download('s3://images/lake')), expected);
  });

  it('an object of another ETag is done again', async () => {
    await server.put('dumps/web0/0.raw', (path) => writeSmallImage(path, 9), 'a'.repeat(32));
    const { counts } = await batch('s3://images/lake');
    assert.deepEqual([counts.ok, counts['done-before']], [1, 3]);
  });

  it('compact merges there, too', async () => {
    const before = (await datasetContent(await download('s3://images/lake'))) as { tags: object[] };
    const { status, stderr } = await runCli(['compact', 's3://images/lake', '--grace', '0', '--partition', 'host']);
    assert.deepEqual([status, stderr.replace(/\d+ records/, 'N records')], [0, '10 files merged into 4, N records\n']);
    const local = await download('s3://images/lake');
    const after = (await datasetContent(local)) as { files: string[]; tags: object[] };
    assert.equal(after.files.length, 5);
    assert.equal(after.tags.length, before.tags.length);
    if (!(await canAskClickhouse())) return;
    const rows = await fileRows(local, POOL_TAG);
    assert.deepEqual(await deltaRows(`${local}/pool_tag`, POOL_TAG), rows);
    const key = { id: 'S3RVER', secret: 'S3RVER' };
    assert.deepEqual(await icebergRowsInBucket(`${server.endpoint}/images/lake/pool_tag`, key, POOL_TAG), rows);
  });

  it('a commit of a table is made by the first only, and nothing of the others stays', async () => {
    const store = new S3Store('s3://images/commits');
    const made = await Promise.all(
      ['one', 'two', 'three'].map((text) => store.create('log/1.json', Buffer.from(text))),
    );
    assert.deepEqual(made.filter(Boolean), [true]);
    const text = (await buffer((await store.open('log/1.json'))!)).toString();
    assert.equal(text, ['one', 'two', 'three'][made.indexOf(true)]);
    // An answer that was lost: the same is sent again.
    assert.equal(await store.create('log/1.json', Buffer.from(text)), true);
    assert.deepEqual([await store.has('log/1.json'), await store.has('log/2.json')], [true, false]);
  });

  it('a file of many parts arrives whole', async () => {
    const bytes = new Random(2).bytes(12 * 2 ** 20 + 7);
    await writeFile(folder.path('large'), bytes);
    const store = new S3Store('s3://images/large');
    await store.publish(folder.path('large'), 'a/b c');
    assert.ok((await buffer((await store.open('a/b c'))!)).equals(bytes));
    await store.remove('a/b c');
    assert.equal(await store.open('a/b c'), null);
    await store.remove('a/b c');
  });

  it('a bucket that is not there is one clear line', async () => {
    const { status, stderr } = await runCli(['batch', folder.path('large'), '--out', 's3://gone/lake']);
    assert.deepEqual([status, stderr.split('\n').length], [1, 2], stderr);
    assert.match(stderr, /s3:\/\/gone\/lake/);
  });
});
