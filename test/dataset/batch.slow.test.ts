import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import type { BatchSummary, ImageEvent } from '../../src/dataset/ingest/batch-events.js';
import { runCli, type CliEnd } from '../support/run/cli.js';
import { datasetContent, datasetFiles, datasetRows } from '../support/records/dataset-content.js';
import { writeSmallImage, writeSmallImages } from '../support/images/dataset-images.js';
import { generateMemory } from '../support/generate/memory.js';
import { queryDuckdb } from '../support/records/duckdb.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';
import { writeLime } from '../support/write/lime/lime.js';

interface Log {
  readonly images: readonly ImageEvent[];
  readonly summary: BatchSummary;
}

function logOf({ stderr }: CliEnd): Log {
  const events = stderr
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as ImageEvent | BatchSummary);
  return {
    images: events.filter((event) => event.event === 'image'),
    summary: events.find((event) => event.event === 'summary')!,
  };
}

describe('the command batch', () => {
  const folder = temporaryFolder();
  const HOSTS = ['--label-from', '/(?<host>[^/]+)/[^/]+$'];
  const batch = (out: string, ...words: string[]): Promise<CliEnd> =>
    runCli(['batch', '--out', folder.path(out), '--log', 'json', '--jobs', '2', ...words]);

  before(async () => {
    await writeSmallImages(folder.path('dumps'), 6);
    await writeFile(folder.path('dumps/notes.txt'), 'no image\n'.repeat(20_000));
    await writeFile(folder.path('dumps/odd.bin'), Buffer.alloc(100_001, 7));
    await writeFile(folder.path('dumps/small.bin'), Buffer.alloc(4096, 7));
  });

  it('each image is a part of each record type under its day and host; what is no image is passed over', async () => {
    const end = await batch('lake', folder.path('dumps'), ...HOSTS);
    assert.equal(end.status, 0, end.stderr);
    const { images, summary } = logOf(end);
    assert.deepEqual(summary.counts, {
      ok: 6,
      incomplete: 0,
      failed: 0,
      'done-before': 0,
      'same-memory': 0,
      'passed-over': 3,
    });
    assert.deepEqual([summary.images, summary.left], [9, 0]);
    for (const { path, image_id: id, status } of images.filter((event) => event.status === 'ok')) {
      const seed = Number(/(\d)\.raw$/.exec(path)![1]);
      assert.equal(status, 'ok');
      for (const record of ['pool_tag', 'image']) {
        assert.ok(
          (await datasetFiles(folder.path('lake'))).includes(
            `${record}/v=2/date=2024-01-0${seed + 1}/host=web${seed % 2}/part-${id}.parquet`,
          ),
        );
      }
    }
    assert.equal((await datasetFiles(folder.path('lake'))).length, 13);
    const [tags] = await queryDuckdb(
      `SELECT count(*) AS rows, count(DISTINCT image_id) AS images, count(DISTINCT host) AS hosts, bool_and(date = captured_at::DATE) AS dated FROM read_parquet('${folder.path('lake')}/pool_tag/**/*.parquet')`,
    );
    assert.deepEqual({ ...tags }, { rows: BigInt(summary.records - 6), images: 6n, hosts: 2n, dated: true });
  });

  it('what was passed over is in the journal once, and in a view until it is an image', async () => {
    const passedOver = async (): Promise<Record<string, unknown>[]> => {
      const { stdout } = await runCli(['query', folder.path('passed'), '--view', 'passed_over', '--format', 'ndjson']);
      return stdout
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    };
    await mkdir(folder.path('mixed'));
    await writeFile(folder.path('mixed/a.txt'), 'no image\n'.repeat(1000));
    await writeFile(folder.path('mixed/b.bin'), Buffer.alloc(100_001, 7));
    for (const _ of [1, 2]) assert.equal((await batch('passed', folder.path('mixed'))).status, 0);
    const [first, second, ...more] = await passedOver();
    assert.deepEqual([first!.path, second!.path, more], [folder.path('mixed/a.txt'), folder.path('mixed/b.bin'), []]);
    assert.match(String(second!.reason), /whole pages/);
    const journals = (await readdir(folder.path('passed/_journal'))).length;
    assert.equal(journals, 1, 'the second run has nothing to note');
    await writeSmallImage(folder.path('mixed/a.txt'), 1);
    assert.equal((await batch('passed', folder.path('mixed'))).status, 0);
    assert.deepEqual(
      (await passedOver()).map(({ path }) => path),
      [folder.path('mixed/b.bin')],
    );
  });

  it('again: nothing is scanned, nothing changes; --force scans, and nothing is twice', async () => {
    const before = await datasetContent(folder.path('lake'));
    assert.equal(logOf(await batch('lake', folder.path('dumps'), ...HOSTS)).summary.counts['done-before'], 6);
    assert.deepEqual(await datasetContent(folder.path('lake')), before);
    assert.equal(logOf(await batch('lake', folder.path('dumps'), ...HOSTS, '--force')).summary.counts.ok, 6);
    assert.deepEqual(await datasetContent(folder.path('lake')), before);
  });

  it('named, what is no image has failed: a row with code and message, exit status 1, the others done', async () => {
    const end = await batch(
      'failures',
      folder.path('dumps/notes.txt'),
      folder.path('dumps/web0/0.raw'),
      '--label',
      'host=h',
    );
    assert.equal(end.status, 1);
    assert.deepEqual(
      logOf(end)
        .images.map(({ status, error_code: code }) => [status, code])
        .sort(),
      [
        ['failed', 'NOT_AN_IMAGE'],
        ['ok', null],
      ],
    );
    const rows = await datasetRows(folder.path('failures'), 'image');
    assert.deepEqual(rows.map((row) => [row['status'], row['error_code'], row['host']]).sort(), [
      ['failed', 'NOT_AN_IMAGE', 'h'],
      ['ok', null, 'h'],
    ]);
    for (const row of rows) assert.equal(typeof row['error_message'] === 'string', row['status'] === 'failed');
    assert.equal(
      new Set((await datasetRows(folder.path('failures'), 'pool_tag')).map((row) => row['image_id'])).size,
      1,
    );
  });

  for (const word of ['gone.raw', 'gone/', '*.gone', 'hollow']) {
    it(`a mistyped source is an error of the command, and makes no dataset: ${word}`, async () => {
      await mkdir(folder.path('hollow'), { recursive: true });
      const end = await batch('not-made', folder.path('dumps/web0/0.raw'), folder.path(word));
      assert.equal(end.status, 1);
      assert.ok(end.stderr.includes(`/${word}: `), end.stderr);
      assert.equal(existsSync(folder.path('not-made')), false);
    });
  }

  it('a line of a list that names no file has failed, and is no row of the dataset', async () => {
    await writeFile(folder.path('list.txt'), `${folder.path('gone.raw')}\n${folder.path('dumps/web0/0.raw')}\n`);
    const end = await batch('from-list', `@${folder.path('list.txt')}`);
    assert.equal(end.status, 1);
    assert.deepEqual(
      logOf(end)
        .images.map(({ status, error_code: code, records }) => [status, code, records > 0])
        .sort(),
      [
        ['failed', 'SOURCE_NOT_FOUND', false],
        ['ok', null, true],
      ],
    );
    assert.equal(logOf(end).summary.counts.failed, 1);
    assert.deepEqual(
      (await datasetRows(folder.path('from-list'), 'image')).map((row) => row['status']),
      ['ok'],
    );
  });

  it('a label that is too long for the name of a folder ends the batch before an image is scanned', async () => {
    const [first, other] = [folder.path('dumps/web0/0.raw'), folder.path('dumps/web0/2.raw')];
    await writeFile(folder.path('labels.csv'), `path,host\n${other},${'é'.repeat(126)}\n`);
    const end = await batch('long-label', first, other, '--labels', folder.path('labels.csv'));
    assert.equal(end.status, 2);
    assert.match(end.stderr, /label host: expected a value of at most 250 bytes for a partition, found 252/);
    assert.deepEqual(await datasetFiles(folder.path('long-label')), ['_dataset.json']);
  });

  it('a failed image is tried again, and its failure goes when it succeeds', async () => {
    await writeFile(folder.path('late.raw'), Buffer.alloc(0x20000));
    assert.equal((await batch('late', folder.path('late.raw'))).status, 1);
    await writeSmallImage(folder.path('late.raw'), 3);
    assert.equal((await batch('late', folder.path('late.raw'))).status, 0);
    assert.deepEqual(
      (await datasetRows(folder.path('late'), 'image')).map((row) => row['status']),
      ['ok'],
    );
  });

  it('a path that is taken again: both captures stay; --force with another host moves the records', async () => {
    await writeSmallImage(folder.path('again.raw'), 1);
    await batch('again', folder.path('again.raw'), '--label', 'host=a');
    await writeSmallImage(folder.path('again.raw'), 2);
    await batch('again', folder.path('again.raw'), '--label', 'host=a');
    assert.equal((await datasetRows(folder.path('again'), 'image')).length, 2);
    await batch('again', folder.path('again.raw'), '--label', 'host=b', '--force');
    assert.deepEqual((await datasetRows(folder.path('again'), 'image')).map((row) => row['host']).sort(), ['a', 'b']);
    assert.equal((await datasetFiles(folder.path('again'))).length, 5);
  });

  it('a failure does not replace what an earlier run read from the same file', async () => {
    await mkdir(folder.path('kept'));
    await copyFile(folder.path('dumps/web0/0.raw'), folder.path('kept/0.raw'));
    await batch('keeping', folder.path('kept/0.raw'));
    const before = await datasetContent(folder.path('keeping'));
    const end = await batch('keeping', folder.path('kept/0.raw'), '--force', '--image-format', 'lime');
    assert.equal(end.status, 1, end.stderr);
    assert.deepEqual(await datasetContent(folder.path('keeping')), before);
  });

  it('the same memory in two containers is one part, under the name that sorts first', async () => {
    const generated = generateMemory({
      seed: 9,
      tableSlots: 256,
      tagCount: 40,
      ramRanges: [
        [0, 0xa0000],
        [0x100000, 0x1900000],
      ],
    });
    await mkdir(folder.path('twice'));
    await writeLime(generated, folder.path('twice/b.lime'));
    for (const order of [
      ['b.lime', 'a.lime'],
      ['a.lime', 'b.lime'],
    ]) {
      await copyFile(folder.path('twice/b.lime'), folder.path('twice/a.lime'));
      await batch(`twice-${order[0]}`, ...order.map((name) => folder.path(`twice/${name}`)), '--jobs', '1');
      const rows = await datasetRows(folder.path(`twice-${order[0]}`), 'image');
      assert.deepEqual(
        rows.map((row) => row['image_path']),
        [folder.path('twice/a.lime')],
      );
    }
  });

  it('--records, --format, --partition: of the dataset from its beginning on', async () => {
    const end = await batch(
      'other',
      folder.path('dumps/web1'),
      '--records',
      'pool_tag_cpu,image',
      '--format',
      'ndjson',
      '--partition',
      'site',
      '--label',
      'site=a/b',
    );
    assert.equal(end.status, 0, end.stderr);
    const files = await datasetFiles(folder.path('other'));
    assert.equal(
      files.filter((path) => /^(pool_tag_cpu|image)\/v=2\/site=a%2Fb\/part-[0-9a-f]{32}\.ndjson$/.test(path)).length,
      6,
    );
    const [image] = (await readFile(folder.path(`other/${files.find((path) => path.startsWith('image/'))!}`), 'utf8'))
      .trim()
      .split('\n');
    assert.equal((JSON.parse(image!) as { labels: string }).labels, '{"site":"a/b"}');
    for (const [option, value] of [
      ['--format', 'parquet'],
      ['--partition', 'date,host'],
    ] as const) {
      const refused = await runCli(['batch', folder.path('dumps'), '--out', folder.path('other'), option, value]);
      assert.deepEqual([refused.status, refused.stderr.split('\n').length], [2, 2], refused.stderr);
    }
  });

  it('the image record tells which kinds of records an image has none of', async () => {
    await batch('sessions', folder.path('dumps/web0'), '--records', 'pool_tag,image,pool_tag_session');
    const images = await datasetRows(folder.path('sessions'), 'image');
    assert.ok(images.length > 0);
    for (const { warnings } of images)
      assert.match(String(warnings), /"code":"records-missing","message":"pool_tag_session: /);
  });

  it('more record types of images that are done: they are scanned again, and only those added', async () => {
    await batch('more', folder.path('dumps/web0'));
    await batch('more', folder.path('dumps/web0'), '--records', 'pool_tag_cpu');
    assert.equal((await datasetFiles(folder.path('more'))).length, 10);
    assert.equal(
      logOf(await batch('more', folder.path('dumps/web0'), '--records', 'pool_tag,pool_tag_cpu,image')).summary.counts[
        'done-before'
      ],
      3,
    );
  });

  it('shards: all of them together are the whole, and none overlap', async () => {
    for (const shard of ['0/3', '1/3', '2/3']) await batch('shards', folder.path('dumps'), ...HOSTS, '--shard', shard);
    assert.deepEqual(await datasetContent(folder.path('shards')), await datasetContent(folder.path('lake')));
    for (const shard of ['3/3', '-1/3', '1', 'a/b', '0/0'])
      assert.equal((await batch('shards', folder.path('dumps'), '--shard', shard)).status, 2, shard);
  });

  it('--fail-fast begins no more', async () => {
    const end = await batch(
      'fast',
      folder.path('dumps/notes.txt'),
      folder.path('dumps/web0/0.raw'),
      folder.path('dumps/web0/2.raw'),
      '--fail-fast',
      '--jobs',
      '1',
    );
    assert.equal(end.status, 1);
    assert.equal(logOf(end).summary.left, 2);
  });

  it('a dataset that cannot be written is one clear line, and no image is blamed', async () => {
    await writeFile(folder.path('file'), '');
    const end = await runCli(['batch', folder.path('dumps'), '--out', folder.path('file')]);
    assert.deepEqual([end.status, end.stderr.split('\n').length], [1, 2], end.stderr);
    assert.match(end.stderr, /^pool-tracker: cannot write .*file/);
  });

  it('text for people: failures and a summary', async () => {
    const { stderr } = await runCli([
      'batch',
      folder.path('dumps/notes.txt'),
      folder.path('dumps/web0/0.raw'),
      '--out',
      folder.path('text'),
    ]);
    assert.match(
      stderr,
      /^pool-tracker: failed: .*notes\.txt is not a memory image.*\(NOT_AN_IMAGE\)\n2 images: 1 ok, 1 failed; \d+ records in 00:\d\d, [\d.]+ images a second\n$/,
    );
  });

  it('a journal cut short at any byte: nothing is lost, nothing is twice', async () => {
    const [name] = await readdir(folder.path('shards/_journal'));
    const whole = await readFile(folder.path(`shards/_journal/${name!}`));
    const expected = await datasetContent(folder.path('shards'));
    for (const length of [0, 1, Math.floor(whole.length / 2), whole.length - 2]) {
      await writeFile(folder.path(`shards/_journal/${name!}`), whole.subarray(0, length));
      assert.equal((await batch('shards', folder.path('dumps'), ...HOSTS)).status, 0);
      assert.deepEqual(await datasetContent(folder.path('shards')), expected);
    }
  });
});
