import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { runCli } from '../support/run/cli.js';
import { writeSmallImage } from '../support/images/dataset-images.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';

/** Labels of the two images; a U+FEFF at the beginning of a value is part of it. */
const LABELS = [
  { host: '\ufeffweb01', site: '\ufeff', note: 'a\ufeffb' },
  { host: 'web01', site: '\ufeff', note: '\ufeff\ufeff' },
] as const;

describe('strings of a dataset', () => {
  const folder = temporaryFolder();

  before(async () => {
    await mkdir(folder.path('dumps'));
    for (const [seed, labels] of LABELS.entries()) {
      const image = folder.path(`dumps/${seed}.raw`);
      await writeSmallImage(image, seed);
      const words = Object.entries(labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]);
      const end = await runCli([
        ...['batch', image, '--out', folder.path('lake'), ...words],
        ...(seed === 0 ? ['--partition', 'site,host'] : []),
      ]);
      assert.equal(end.status, 0, end.stderr);
    }
  });

  async function labelsAsked(): Promise<Record<string, unknown>[]> {
    const sql = `SELECT host, site, json_extract_string(labels, '$.note') AS note FROM images ORDER BY captured_at`;
    const end = await runCli(['query', folder.path('lake'), sql, '--json']);
    assert.equal(end.status, 0, end.stderr);
    return JSON.parse(end.stdout) as Record<string, unknown>[];
  }

  it('come out of a query as they went in, those of partitions too', async () => {
    assert.deepEqual(await labelsAsked(), LABELS);
  });

  it('and after the files have been merged', async () => {
    const end = await runCli(['compact', folder.path('lake'), '--grace', '0', '--partition', 'site']);
    assert.equal(end.status, 0, end.stderr);
    assert.match(end.stderr, /^4 files merged into 2, /);
    assert.deepEqual(await labelsAsked(), LABELS);
  });

  it('and can be asked for', async () => {
    const end = await runCli([
      'query',
      folder.path('lake'),
      "SELECT DISTINCT host FROM pool_tags WHERE host = '\ufeffweb01'",
      '--format',
      'ndjson',
    ]);
    assert.equal(end.stdout, '{"host":"\ufeffweb01"}\n', end.stderr);
  });
});
