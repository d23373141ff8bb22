import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { writeSmallImage } from '../support/images/dataset-images.js';
import { runCli } from '../support/run/cli.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';

const log = (diff: number): string =>
  [
    ' Tag  Type     Allocs            Frees            Diff   Bytes       Per Alloc',
    ` Proc Nonp      100 (   0)       ${100 - diff} (   0)     ${diff}   ${diff * 1024} (   0)   1024`,
  ].join('\n');

describe('logs of live machines in a dataset', () => {
  const folder = temporaryFolder();
  const batch = (...words: string[]) =>
    runCli(['batch', ...words, '--out', folder.path('lake'), '--label-from', '/(?<host>[^/]+)/[^/]+$', '--jobs', '1']);

  it('stand beside images in one series, are brought in once, and move to no compaction unread', async () => {
    mkdirSync(folder.path('in/web01'), { recursive: true });
    await writeSmallImage(folder.path('in/web01/memory.raw'), 1);
    writeFileSync(folder.path('in/web01/poolmon.log'), log(7));
    writeFileSync(folder.path('in/web01/notes.txt'), 'Tag along\n');
    const first = await batch(folder.path('in'));
    assert.equal(first.status, 0, first.stderr);
    assert.match(first.stderr, /3 images: 2 ok, 1 passed over/);
    assert.match((await batch(folder.path('in'))).stderr, /2 done before/);
    const compacted = await runCli(['compact', folder.path('lake')]);
    assert.equal(compacted.status, 0, compacted.stderr);
    const series = await runCli([
      ...['query', folder.path('lake'), '--json'],
      "SELECT origin, host, outstanding, bytes FROM tag_series WHERE origin <> 'image' OR tag = 'Proc' ORDER BY origin",
    ]);
    assert.equal(series.status, 0, series.stderr);
    const rows = JSON.parse(series.stdout) as { origin: string; host: string; outstanding: number; bytes: number }[];
    assert.deepEqual(
      rows.filter(({ origin }) => origin !== 'image'),
      [{ origin: 'poolmon', host: 'web01', outstanding: 7, bytes: 7168 }],
    );
    const count = await runCli([
      'query',
      folder.path('lake'),
      '--json',
      'SELECT DISTINCT origin FROM tag_series ORDER BY 1',
    ]);
    assert.deepEqual(JSON.parse(count.stdout), [{ origin: 'image' }, { origin: 'poolmon' }]);
  });

  it('that cannot be read fail alone, and say why', async () => {
    writeFileSync(folder.path('broken.log'), `${log(7)}\nwhat is this\n`);
    const end = await batch(folder.path('broken.log'));
    assert.equal(end.status, 1);
    assert.match(end.stderr, /failed: .*broken\.log: line 3: expected a tag .* \(RECORDS_DAMAGED\)/);
  });
});
