import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { loadPlugins, rowsOf, recordTypeNamed, scanImage, type ScanResult } from '../../src/index.js';
import { sampleBytes, writeSample } from '../support/images/samples.js';
import { runCli } from '../support/run/cli.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';
import { samplePlugin, sparseChunks } from '../support/write/plugin.js';

/** What of the tags does not depend on what the image is called or how it was opened. */
function countsOf(ndjson: string): unknown[] {
  return ndjson
    .trim()
    .split('\n')
    .map((line) => {
      const { tag, nonpaged_bytes, paged_bytes, nonpaged_allocs, complete } = JSON.parse(line) as Record<
        string,
        unknown
      >;
      return { tag, nonpaged_bytes, paged_bytes, nonpaged_allocs, complete };
    });
}

const libraryCounts = (result: ScanResult): unknown[] =>
  [...(rowsOf(recordTypeNamed('pool_tag'), result) as Iterable<Record<string, unknown>>)].map(
    ({ tag, nonpaged_bytes, paged_bytes, complete }) => [tag, nonpaged_bytes, paged_bytes, complete],
  );

describe('the sample plug-ins', () => {
  const folder = temporaryFolder();
  let image = '';
  let expected = '';
  let inLibrary: unknown[] = [];

  /** The tags as the command line prints them with a plug-in. */
  async function scanned(location: string, plugin: string, env: NodeJS.ProcessEnv = {}, ...options: string[]) {
    const words = ['scan', location, '--json', '--no-cache', '--plugin', samplePlugin(plugin), ...options];
    const { status, stdout, stderr } = await runCli(words, { env });
    assert.equal(status, 0, stderr);
    return { stdout, stderr };
  }

  before(async () => {
    image = writeSample('server-14393.dmp', folder.path('memory.dmp'));
    expected = (await runCli(['scan', image, '--json'])).stdout;
    inLibrary = libraryCounts(await scanImage(image, { cache: false }));
    assert.ok(inLibrary.length > 100);
  });

  describe('of an image format', () => {
    let path = '';
    let raw = '';
    before(() => {
      const bytes = sampleBytes('unknown-kernel.raw');
      writeFileSync((raw = folder.path('memory.raw')), bytes);
      writeFileSync((path = folder.path('memory.spc')), sparseChunks(bytes));
    });

    it('is told by its first bytes, in the command and in the library', async () => {
      const { stdout: ofRaw } = await runCli(['scan', raw, '--json']);
      assert.deepEqual(countsOf((await scanned(path, 'sparse-chunks')).stdout), countsOf(ofRaw));
      const plugins = await loadPlugins([samplePlugin('sparse-chunks')]);
      try {
        assert.deepEqual(plugins.names, ['sparse-chunks']);
        const [mine, same] = [await scanImage(path, { cache: false }), await scanImage(raw, { cache: false })];
        assert.equal(mine.container?.format, 'sparse-chunks');
        assert.deepEqual(libraryCounts(mine), libraryCounts(same));
      } finally {
        plugins.unload();
      }
      // Raw memory claims what no plug-in does.
      await assert.rejects(scanImage(path, { cache: false, method: 'walk' }), { code: 'NO_KERNEL' });
    });

    it('is read from a pipe', async () => {
      const words = ['scan', '-', '--json', '--method', 'carve', '--plugin', samplePlugin('sparse-chunks')];
      const { status, stdout, stderr } = await runCli(words, { input: readFileSync(path) });
      assert.equal(status, 0, stderr);
      const { stdout: carved } = await runCli(['scan', raw, '--json', '--method', 'carve']);
      assert.deepEqual(countsOf(stdout), countsOf(carved));
    });

    it('is named by --image-format, and tells of a file that was cut', async () => {
      const cut = folder.path('cut.spc');
      writeFileSync(cut, readFileSync(path).subarray(0, 1_000_000));
      const words = ['info', '--image-format', 'sparse-chunks', '--plugin', samplePlugin('sparse-chunks')];
      assert.match((await runCli([...words, path])).stdout, /sparse-chunks/);
      assert.match((await runCli([...words, cut])).stdout, /image-cut: the image is cut short: \d+ of \d+ bytes/);
      const { status, stderr } = await runCli([...words, image]);
      assert.equal(status, 3);
      assert.match(stderr, /^pool-tracker: .*plug-in 'sparse-chunks': .*memory\.dmp is a damaged sparse chunk file: /);
    });
  });

  it('of a source scheme: an image in an archive', async () => {
    const archive = folder.path('evidence.tar');
    mkdirSync(folder.path('case'));
    writeSample('server-14393.dmp', folder.path('case/memory.dmp'));
    assert.equal(spawnSync('tar', ['cf', archive, '-C', folder.path('.'), 'case']).status, 0);
    const location = `tar:${archive}!case/memory.dmp`;
    assert.deepEqual(countsOf((await scanned(location, 'tar-member')).stdout), countsOf(expected));
    const missing = await runCli(['scan', `tar:${archive}!x`, '--plugin', samplePlugin('tar-member')]);
    assert.equal(missing.status, 1);
    assert.match(missing.stderr, /^pool-tracker: .*plug-in 'tar-member': .*evidence\.tar has no file x/);
    const plugins = await loadPlugins([samplePlugin('tar-member')]);
    try {
      assert.deepEqual(libraryCounts(await scanImage(location, { cache: false })), inLibrary);
    } finally {
      plugins.unload();
    }
    // Without it, it is the name of a file that is not there.
    await assert.rejects(scanImage(location), { code: 'SOURCE_NOT_FOUND' });
  });

  describe('of a symbol source', () => {
    it('gives the offsets that locate the tables, where no list is used', async () => {
      const exported = JSON.parse((await runCli(['symbols', 'export', image])).stdout) as Exported;
      mkdirSync(folder.path('offsets'));
      writeFileSync(
        folder.path(`offsets/${exported.pdb.guid}-${exported.pdb.age}.json`),
        JSON.stringify({
          version: exported.kernel.version,
          trackerEntrySize: exported.structures._POOL_TRACKER_TABLE.size,
          tagTablesCapacity: exported.kernel.tag_tables_capacity,
          rva: exported.variables,
        }),
      );
      const env = { KERNEL_OFFSETS: folder.path('offsets') };
      const only = ['--no-known-builds', '--locate', 'symbols'];
      const { stdout, stderr } = await scanned(image, 'json-symbols', env, ...only);
      assert.deepEqual(countsOf(stdout), countsOf(expected));
      assert.match(stderr, /tables located by the symbol file/);
      const plugin = ['--plugin', samplePlugin('json-symbols')];
      const words = ['symbols', image, '--no-known-builds', ...plugin];
      assert.match((await runCli(words, { env })).stdout, /looked in the plug-in's json-folder: .*offsets/);
      const without = await runCli(['scan', image, ...only, ...plugin]);
      assert.equal(without.status, 5, without.stderr);
    });
  });

  it('of a sink: every tag, with both pools, in a file and in a pipe', async () => {
    const path = folder.path('tags.prom');
    const plugin = ['--plugin', samplePlugin('openmetrics')];
    const { status, stderr } = await runCli(['scan', image, '-o', path, ...plugin]);
    assert.equal(status, 0, stderr);
    const text = readFileSync(path, 'utf8');
    assert.match(text, /^# TYPE pool_tag_bytes gauge\n/);
    assert.match(text, /\n# EOF\n$/);
    const sum = (pattern: RegExp): bigint =>
      [...text.matchAll(pattern)].reduce((total, [, value]) => total + BigInt(value!), 0n);
    const rows = expected.trim().split('\n');
    const total = rows.reduce((all, row) => all + BigInt(/"nonpaged_bytes":(-?\d+)/.exec(row)![1]!), 0n);
    assert.equal(sum(/^pool_tag_bytes\{.*pool="nonpaged".*\} (-?\d+)$/gm), total);
    assert.equal(text.match(/^pool_tag_allocations\{/gm)?.length, rows.length * 2);
    assert.equal((await runCli(['scan', image, '--format', 'openmetrics', ...plugin])).stdout, text);
    const other = await runCli(['scan', image, '-o', `image=${folder.path('image.prom')}`, ...plugin]);
    assert.equal(other.status, 2);
    assert.match(other.stderr, /plug-in 'openmetrics': OpenMetrics is written of pool_tag records, not of image/);
    const plugins = await loadPlugins([samplePlugin('openmetrics')]);
    try {
      await scanImage(image, {
        cache: false,
        selection: { sort: 'tag' },
        outputs: [folder.path('library.prom')],
      });
      assert.equal(readFileSync(folder.path('library.prom'), 'utf8'), text);
    } finally {
      plugins.unload();
    }
  });
});

/** What `symbols export` writes, as far as it is read here. */
interface Exported {
  readonly pdb: { readonly guid: string; readonly age: number };
  readonly kernel: { readonly version: string; readonly tag_tables_capacity: number };
  readonly variables: Readonly<Record<string, number>>;
  readonly structures: { readonly _POOL_TRACKER_TABLE: { readonly size: number } };
}
