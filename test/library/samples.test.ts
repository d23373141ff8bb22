import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { SAMPLES_FOLDER, writeSample } from '../support/images/samples.js';
import { writeSmallImages } from '../support/images/dataset-images.js';
import { builtFile, type CliEnd, ended, ROOT } from '../support/run/cli.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';

const EXAMPLES = `${SAMPLES_FOLDER}library/`;
const TSX = fileURLToPath(import.meta.resolve('tsx'));

/** Examples import the package by its name: it is the built one that they get. */
function start(name: string, ...words: string[]): ChildProcess {
  builtFile('index.js');
  return spawn(process.execPath, ['--import', TSX, `${EXAMPLES}${name}`, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

const run = (name: string, ...words: string[]): Promise<CliEnd> => ended(start(name, ...words));

/** The programs in a page of documentation. */
function programsIn(page: string): string[] {
  const text = readFileSync(new URL(`../../docs/${page}`, import.meta.url), 'utf8');
  return [...text.matchAll(/^```js\n(.*?)^```$/gms)].map(([, program]) => program!);
}

describe('the examples of the library', () => {
  const folder = temporaryFolder();
  let image: string;

  before(() => (image = writeSample('server-14393.dmp', folder.path('server.dmp'))));

  it('are all run here', () => {
    const here = readFileSync(fileURLToPath(import.meta.url), 'utf8');
    const names = readdirSync(EXAMPLES);
    assert.ok(names.some((name) => name.endsWith('.ts')) && names.some((name) => name.endsWith('.mjs')));
    for (const name of names) assert.ok(here.includes(`'${name}'`), name);
  });

  it('are those of docs/library.md too', async () => {
    copyFileSync(image, folder.path('memory.dmp'));
    mkdirSync(folder.path('node_modules'));
    symlinkSync(ROOT, folder.path('node_modules/pool-tracker'));
    const printed: string[] = [];
    for (const [index, program] of programsIn('library.md').entries()) {
      writeFileSync(folder.path(`${index}.mjs`), program);
      const child = spawn(process.execPath, [`${index}.mjs`], {
        cwd: folder.path('.'),
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const { status, stdout, stderr } = await ended(child);
      assert.equal(status, 0, stderr);
      printed.push(stdout.split('\n')[0]!);
    }
    assert.deepEqual(printed, ['HpX  3904992n ', '320 rows']);
  });

  it('top-tags', async () => {
    const { stdout, stderr } = await run('top-tags.ts', image, '2');
    const lines = stdout.split('\n');
    assert.match(lines[0]!, /^HpX {2}3904992 bytes, on no list$/, stderr);
    assert.equal(lines.length, 4);
    assert.match(lines[2]!, /^\d+ bytes together$/);
  });

  it('scan-or-stop', async () => {
    const output = folder.path('tags.parquet');
    const whole = await run('scan-or-stop.ts', image, output);
    assert.equal(whole.stdout, '320 tags of Windows 10.0.14393.5291, 0 not complete\n', whole.stderr);
    assert.match(whole.stderr, /(\d+) of \1 bytes$/);
    const again = await run('scan-or-stop.ts', image, output);
    assert.equal(again.status, 1);
    assert.match(again.stderr, /^.*OUTPUT_EXISTS .*--force/ms);
  });

  it('arrow-table', async () => {
    const { stdout, stderr } = await run('arrow-table.ts', image);
    assert.match(stdout, /^320 rows, 36 columns, \d+ nonpaged bytes\n$/, stderr);
  });

  it('driver-test', async () => {
    const other = writeSample('unknown-kernel.raw', folder.path('other.raw'));
    const same = await run('driver-test.mjs', image, image, '*');
    assert.deepEqual([same.status, same.stdout], [0, ''], same.stderr);
    const grown = await run('driver-test.mjs', image, other, '*');
    assert.equal(grown.status, 1);
    assert.match(grown.stderr, /the builds differ/);
    assert.match(grown.stdout, /^.{4} \+\d+ allocations, -?\d+ bytes more$/m);
  });

  it('fleet', async () => {
    mkdirSync(folder.path('dumps'));
    await writeSmallImages(folder.path('dumps'), 2);
    const { stdout, stderr } = await run('fleet.mjs', folder.path('dumps'), folder.path('lake'));
    assert.match(stdout, /^2 whole, 0 incomplete, 0 failed\nweb0: \d+\nweb1: \d+\n$/, stderr);
  });

  it('serve', async () => {
    const child = start('serve.mjs', image);
    try {
      const [url] = (await createInterface({ input: child.stdout! })[Symbol.asyncIterator]().next()).value.match(/\S+/);
      const lines = (await (await fetch(url as string)).text()).trim().split('\n');
      assert.equal(lines.length, 320);
      assert.equal((JSON.parse(lines[0]!) as { image_path: string }).image_path, image);
    } finally {
      child.kill();
    }
  });
});
