import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { check, diff, PoolTrackerError, query, report, scanImage } from '../../src/index.js';
import { TAG_DIFF } from '../../src/dataset/query/query.js';
import { POOL_TAG } from '../../src/record/schema/record-types.js';
import type { Progress } from '../../src/work.js';
import { writeSample } from '../support/images/samples.js';
import { writePart } from '../support/records/write-part.js';
import { openDescriptors } from '../support/run/open-files.js';
import { runCli } from '../support/run/cli.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';

describe('the functions of the library', () => {
  const folder = temporaryFolder();
  let image: string;
  let other: string;

  before(() => {
    image = writeSample('server-14393.dmp', folder.path('server.dmp'));
    other = writeSample('unknown-kernel.raw', folder.path('other.raw'));
  });

  it('check gives what the command prints', async () => {
    const { counts, disputed, unsound, image: about, result } = await check(image);
    const printed = await runCli(['check', image, '--json', '--bigint', 'string']);
    const records = JSON.parse(printed.stdout) as { method: string; difference: string | null }[];
    assert.deepEqual(
      counts.map(({ method, difference }) => [method, difference === null ? null : String(difference)]),
      records.map(({ method, difference }) => [method, difference]),
    );
    assert.ok(counts.some(({ difference }) => typeof difference === 'bigint'));
    assert.ok(disputed.length > 0 && disputed.every(({ seen_by_pspcidtable: seen }) => seen !== null));
    assert.equal(unsound.length, about.tags_torn! + about.tags_impossible!);
    assert.equal(result.totals.length, about.tags);
    assert.equal(openDescriptors(image) ?? 0, 0);
  });

  it('diff gives every tag that differs, as typed records, and whether it makes sense', async () => {
    const told = new Set<string>();
    const onProgress = ({ name, done, total }: Progress): void => {
      assert.ok(done <= total!);
      told.add(name);
    };
    const { rows, diffs, sense, before, after } = await diff(image, other, { by: 'outstanding', onProgress });
    assert.deepEqual([...told], [image, other]);
    assert.equal(rows.length, diffs.length);
    assert.deepEqual([before.name, after.name], [image, other]);
    assert.deepEqual(
      sense.warnings.map(({ code }) => code),
      ['diff-builds'],
    );
    assert.equal(sense.hours, null);
    for (const row of rows) assert.deepEqual(Object.keys(row).sort(), TAG_DIFF.columns.map(({ name }) => name).sort());
    const changes: bigint[] = rows.map(({ outstanding_change: change }) => change);
    assert.deepEqual(
      changes,
      [...changes].sort((a, b) => (a < b ? 1 : a > b ? -1 : 0)),
    );
    assert.deepEqual((await diff(image, image)).rows, []);
    const few = await diff(image, other, { tags: ['H*'], exclude: ['HpX*'] });
    assert.ok(few.rows.length > 0 && few.rows.every(({ tag }) => tag.startsWith('H') && !tag.startsWith('HpX')));
  });

  it('query gives rows with bigints, one by one, and closes the dataset when the loop is left', async () => {
    const { tags } = await scanImage(image);
    await writePart(folder.path('lake/pool_tag/v=2/host=a/part-1.parquet'), POOL_TAG, tags);
    const progress: Progress[] = [];
    const bytes: bigint[] = [];
    for await (const row of query(folder.path('lake'), 'SELECT nonpaged_bytes FROM pool_tags ORDER BY slot, key', {
      onProgress: (one) => progress.push(one),
    }))
      bytes.push(row.nonpaged_bytes as bigint);
    const expected = [...tags].sort((a, b) => a.slot - b.slot || a.key - b.key);
    assert.deepEqual(
      bytes,
      expected.map(({ nonpaged_bytes }) => nonpaged_bytes),
    );
    assert.deepEqual(progress.at(-1), { name: folder.path('lake'), unit: 'records', done: 320, total: 320 });
    for await (const row of query(folder.path('lake'), { view: 'top_tags', values: ['1'] })) {
      assert.equal(typeof row.tag, 'string');
      break;
    }
  });

  it('query refuses what the command refuses', async () => {
    mkdirSync(folder.path('empty'));
    await assert.rejects(query(folder.path('empty'), 'DROP TABLE x').next(), PoolTrackerError);
    await assert.rejects(query(folder.path('nowhere'), 'SELECT 1').next(), { code: 'USAGE' });
  });

  it('report gives the page', async () => {
    const units = new Set<string>();
    const page = await report(image, { title: 'A title', onProgress: ({ unit }) => units.add(unit) });
    assert.match(page, /^<!doctype html>/i);
    assert.match(page, /<title>A title/);
    assert.deepEqual([...units], ['bytes']);
  });
});
