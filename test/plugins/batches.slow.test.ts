import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { generateMemory } from '../support/generate/memory.js';
import { type CliEnd, runCli } from '../support/run/cli.js';
import { hasProgram } from '../support/run/programs.js';
import { RedisServer } from '../support/run/redis-server.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';
import { samplePlugin, sparseChunks, writePlugin } from '../support/write/plugin.js';
import { rawBuffer } from '../support/write/raw.js';

const PLUGINS = ['sparse-chunks', 'tar-member'].flatMap((name) => ['--plugin', samplePlugin(name)]);

describe('plug-ins in worker threads', () => {
  const folder = temporaryFolder();
  let sparse = '';
  let inTar = '';

  before(() => {
    mkdirSync(folder.path('dumps'));
    const of = (seed: number): Buffer => rawBuffer(generateMemory({ seed, memoryBytes: 16 * 2 ** 20 }));
    writeFileSync((sparse = folder.path('dumps/memory.spc')), sparseChunks(of(1)));
    writeFileSync(folder.path('dumps/memory.raw'), of(2));
    const tar = ['cf', folder.path('dumps/all.tar'), '-C', folder.path('dumps'), 'memory.raw'];
    assert.equal(spawnSync('tar', tar).status, 0);
    inTar = `tar:${folder.path('dumps/all.tar')}!memory.raw`;
  });

  const counts = async (lake: string): Promise<string> =>
    (
      await runCli([
        'query',
        lake,
        '--format',
        'csv',
        'SELECT image_path, count(*) FROM pool_tags GROUP BY ALL ORDER BY 1',
      ])
    ).stdout;

  it('a batch reads what they read, the same as alone', async () => {
    const lake = folder.path('lake');
    const { status, stderr } = await runCli(['batch', sparse, inTar, '--out', lake, ...PLUGINS]);
    assert.equal(status, 0, stderr);
    const tags = async (image: string): Promise<number> =>
      (await runCli(['scan', image, '--json', ...PLUGINS])).stdout.trim().split('\n').length;
    const expected = `image_path,count_star()\n${sparse},${await tags(sparse)}\n${inTar},${await tags(inTar)}\n`;
    assert.equal((await counts(lake)).replaceAll('\r', '').replaceAll('"', ''), expected);
  });

  for (const [what, body, code, message] of [
    [
      'throws',
      "throw new Error('bad')",
      'PLUGIN_FAILED',
      /plug-in 'acme': .*memory\.spc: image format 'acme': open: bad/,
    ],
    ['ends its thread', 'process.exit(0)', 'IMAGE_CRASHED', /its worker thread ended with 0/],
  ] as const) {
    it(`one that ${what} fails its image, and no other`, async () => {
      const members = `imageFormats: [{ name: 'acme', title: 'Acme',
        probe: (head) => head.toString('latin1', 0, 3) === 'SPC', open() { ${body} } }]`;
      const plugin = writePlugin(folder.path(`${code}.mjs`), 'acme', members);
      const raw = folder.path('dumps/memory.raw');
      const words = ['batch', sparse, raw, '--out', folder.path(code), '--log', 'json', '--plugin', plugin];
      const { status, stderr } = await runCli(words);
      assert.equal(status, 1, stderr);
      const events = stderr
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .filter(({ event }) => event === 'image');
      const failed = events.filter(({ status: of }) => of === 'failed');
      assert.deepEqual([events.length, failed.length, failed[0]?.['error_code']], [2, 1, code], stderr);
      assert.match(String(failed[0]?.['message']), message);
    });
  }

  it('one that is refused ends the batch before anything is written', async () => {
    writeFileSync(folder.path('none.mjs'), 'export default 5');
    const words = ['batch', sparse, '--out', folder.path('none'), '--plugin', folder.path('none.mjs')];
    const { status, stderr } = await runCli(words);
    assert.equal(status, 7);
    assert.match(stderr, /^pool-tracker: plug-in '.*none\.mjs' is refused: default export: .*\n$/);
  });

  it('a worker has those of its own command line, whoever submits', async function () {
    if (!hasProgram('redis-server', '--version')) this.skip();
    mkdirSync(folder.path('redis'));
    const redis = await RedisServer.start(folder.path('redis'));
    try {
      const lake = folder.path('queued');
      const where = ['--queue', `${redis.url}?name=plugged`, '--out', lake];
      const submitted = await runCli(['submit', inTar, ...where, ...PLUGINS, '--tries', '1']);
      assert.equal(submitted.status, 0, submitted.stderr);
      const allow = ['--allow', folder.path('dumps'), '--allow', `tar:${folder.path('dumps')}`];
      const work = (...more: string[]): Promise<CliEnd> =>
        runCli(['worker', ...where, ...allow, '--until-empty', '--log', 'json', ...more]);
      const without = await work();
      assert.match(without.stderr, /"status":"failed".*"error_code":"SOURCE_NOT_FOUND"/);
      const again = await runCli(['submit', inTar, ...where, ...PLUGINS, '--tries', '1']);
      assert.equal(again.status, 0, again.stderr);
      const done = await work(...PLUGINS);
      assert.match(done.stderr, /"event":"image".*"status":"(ok|incomplete)"/);
      assert.match(await counts(lake), /all\.tar!memory\.raw/);
    } finally {
      await redis.stop();
    }
  });
});
