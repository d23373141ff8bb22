import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { writeSample } from './support/images/samples.js';
import { temporaryFolder } from './support/run/temporary-folder.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** npm without the settings of the npm that runs these tests. */
function npm(words: readonly string[], cwd: string): string {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.toLowerCase().startsWith('npm_')),
  );
  return execFileSync('npm', [...words], { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

describe('the package', () => {
  const folder = temporaryFolder();
  let packed: Packed;
  const installed = (): string => folder.path('installed');

  before(() => {
    packed = (JSON.parse(npm(['pack', '--json', '--pack-destination', folder.path('.')], ROOT)) as Packed[])[0]!;
    mkdirSync(installed());
    npm(['init', '-y'], installed());
    npm(
      ['install', '--omit=optional', '--prefer-offline', '--no-audit', '--no-fund', folder.path(packed.filename)],
      installed(),
    );
  });

  it('holds what it needs and nothing else', () => {
    const paths = packed.files.map(({ path }) => path);
    for (const needed of [
      'dist/index.js',
      'dist/index.d.ts',
      'dist/bin/pool-tracker.js',
      'data/known-builds.json',
      'schemas/pool_tag.schema.json',
      'README.md',
      'LICENSE',
    ]) {
      assert.ok(paths.includes(needed), needed);
    }
    for (const path of paths) assert.doesNotMatch(path, /^(src|test|bench|samples|tmp|scripts|\.ci)\//, path);
    assert.ok(packed.size < 2 * 2 ** 20, `${packed.size} bytes packed`);
  });

  it('is what publint and are-the-types-wrong want', async () => {
    const tarball = readFileSync(folder.path(packed.filename));
    const { messages } = await publint({ pack: { tarball: new Uint8Array(tarball).buffer }, strict: true });
    assert.deepEqual(messages, []);
    const checked = await checkPackage(createPackageFromTarballData(new Uint8Array(tarball)));
    assert.ok(checked.types !== false, 'it has no types');
    // It is ES modules alone: who requires it from CommonJS needs Node 22.
    const problems = checked.problems.filter(({ kind }) => kind !== 'CJSResolvesToESM');
    assert.deepEqual(problems, []);
  });

  it('names no host of a registry and no path of a machine', () => {
    const lock = readFileSync(join(ROOT, 'package-lock.json'), 'utf8');
    assert.doesNotMatch(lock, /"resolved": "http/);
  });

  it('runs its command from an empty folder', () => {
    const image = writeSample('server-14393.dmp', folder.path('server.dmp'));
    const run = spawnSync(
      'npx',
      ['pool-tracker', 'scan', image, '-o', 'tags.parquet', '-o', 'tags.ndjson', '--top', '5', '--sort', 'bytes'],
      { cwd: installed(), encoding: 'utf8' },
    );
    assert.equal(run.status, 0, run.stderr);
    assert.ok(existsSync(join(installed(), 'tags.parquet')));
    assert.equal(readFileSync(join(installed(), 'tags.ndjson'), 'utf8').trim().split('\n').length, 5);
  });

  it('is a library with types', () => {
    writeFileSync(
      join(installed(), 'use.mts'),
      `
      import { pipeline } from 'node:stream/promises';
      import { openScan, openSink, parseOutput, PoolTagTransform, type Scan } from 'pool-tracker';
      const scan: Scan = await openScan(process.argv[2]!);
      await pipeline(scan.pages(), new PoolTagTransform(scan.decoder()), await openSink(parseOutput('library.ndjson')));
      await scan.close();
      // @ts-expect-error a scan has no such member
      scan.nonsense;
    `,
    );
    const compile = spawnSync(
      process.execPath,
      [
        join(ROOT, 'node_modules/typescript/bin/tsc'),
        '--strict',
        '--target',
        'es2022',
        '--module',
        'nodenext',
        '--skipLibCheck',
        '--types',
        'node',
        '--typeRoots',
        join(ROOT, 'node_modules/@types'),
        'use.mts',
      ],
      { cwd: installed(), encoding: 'utf8' },
    );
    assert.equal(compile.status, 0, compile.stdout);
    const run = spawnSync(process.execPath, ['use.mjs', folder.path('server.dmp')], {
      cwd: installed(),
      encoding: 'utf8',
    });
    assert.equal(run.status, 0, run.stderr);
    assert.equal(readFileSync(join(installed(), 'library.ndjson'), 'utf8').trim().split('\n').length, 320);
  });

  it('exports nothing but its front door and its schemas', () => {
    const run = spawnSync(
      process.execPath,
      ['--input-type=module', '-e', "await import('pool-tracker/dist/errors.js')"],
      { cwd: installed(), encoding: 'utf8' },
    );
    assert.match(run.stderr, /ERR_PACKAGE_PATH_NOT_EXPORTED/);
  });
});
