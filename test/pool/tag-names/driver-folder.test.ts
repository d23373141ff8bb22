import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { filesBelow } from '../../../src/pool/tag-names/driver-folder.js';
import { searchFolder, type SearchOptions } from '../../../src/pool/tag-names/driver-search.js';
import { tagKey } from '../../support/generate/tracker/tag-plan.js';
import { temporaryFolder } from '../../support/run/temporary-folder.js';
import { driverFileBytes } from '../../support/write/driver-file.js';

const LEAK = tagKey('Leak');
const GONE = tagKey('Gone');

function plan(company: string, version: readonly [number, number, number, number], keys = [LEAK]): Buffer {
  return driverFileBytes({ keys, version, texts: { CompanyName: company, ProductName: 'Filter' } });
}

describe('a folder of drivers', () => {
  const folder = temporaryFolder();
  let folders = 0;
  let top = '';
  let cacheHome: string | undefined;

  function put(path: string, bytes: Buffer | string): void {
    mkdirSync(dirname(join(top, path)), { recursive: true });
    writeFileSync(join(top, path), bytes);
  }

  async function candidates(options: SearchOptions = { cache: false }, keys = [LEAK]) {
    return (await searchFolder(top, keys, options)).candidates.get(LEAK) ?? [];
  }

  beforeEach(() => {
    top = folder.path(`drivers-${++folders}`);
    mkdirSync(top);
    cacheHome = process.env.XDG_CACHE_HOME;
    process.env.XDG_CACHE_HOME = folder.path('cache');
  });
  afterEach(() => {
    if (cacheHome === undefined) delete process.env.XDG_CACHE_HOME;
    else process.env.XDG_CACHE_HOME = cacheHome;
    rmSync(folder.path('cache'), { recursive: true, force: true });
  });

  it('is searched at any depth, and each candidate says what it is', async () => {
    put('a/b/c/d/acme.sys', plan('Acme', [6, 1, 2, 3]));
    put('a/acme.inf', '[Version]');
    const [candidate, ...more] = await candidates();
    assert.deepEqual(more, []);
    assert.deepEqual(candidate, {
      name: 'acme.sys',
      version: '6.1.2.3',
      vendor: 'Acme',
      product: 'Filter',
      description: null,
      loaded: null,
      sameBuild: null,
      path: 'a/b/c/d/acme.sys',
      inCode: true,
    });
  });

  it('tells each version of a driver, and copies of one once', async () => {
    put('acme.inf_1/acme.sys', plan('Acme', [6, 1, 0, 0]));
    put('acme.inf_2/acme.sys', plan('Acme', [6, 1, 0, 0]));
    put('acme.inf_3/ACME.sys', plan('Acme', [6, 2, 0, 0]));
    assert.deepEqual(
      (await candidates()).map(({ version, path }) => [version, path]),
      [
        ['6.1.0.0', 'acme.inf_1/acme.sys'],
        ['6.2.0.0', 'acme.inf_3/ACME.sys'],
      ],
    );
  });

  it('is not left by links where it may not be', async () => {
    const outside = folder.path(`outside-${folders}`);
    mkdirSync(outside);
    writeFileSync(join(outside, 'secret.sys'), plan('Secret', [1, 0, 0, 0]));
    put('own.sys', plan('Acme', [1, 0, 0, 0]));
    put('deep/further.sys', plan('Acme', [2, 0, 0, 0]));
    symlinkSync(outside, join(top, 'folder'));
    symlinkSync(join(outside, 'secret.sys'), join(top, 'file.sys'));
    symlinkSync('deep/further.sys', join(top, 'inner.sys'));
    const names = async (options: SearchOptions): Promise<string[]> =>
      (await candidates({ cache: false, ...options })).map(({ path }) => path!).sort();
    assert.deepEqual(await names({}), ['file.sys', 'inner.sys', 'own.sys']);
    assert.deepEqual(await names({ within: [top] }), ['inner.sys', 'own.sys']);
    assert.deepEqual(await names({ within: [top, outside] }), await names({}));
    const { notes } = await filesBelow(top, [top]);
    assert.deepEqual(
      notes,
      ['file.sys', 'folder'].map(
        (name) => `${join(top, name)} is a link to a place that may not be read: it is not followed`,
      ),
    );
    // What was found without bounds, and is remembered, is not told within them.
    assert.equal((await candidates({ cache: true })).length, 3);
    assert.deepEqual((await names({ cache: true, within: [top] })).includes('file.sys'), false);
  });

  it('is left by no circle of links, and a file of two names is one', async () => {
    put('one/acme.sys', plan('Acme', [1, 0, 0, 0]));
    symlinkSync('..', join(top, 'one', 'up'));
    symlinkSync(top, join(top, 'one', 'top'));
    symlinkSync('acme.sys', join(top, 'one', 'again.sys'));
    const { files, notes } = await filesBelow(top);
    assert.deepEqual([files.map(({ path }) => path), notes], [['one/acme.sys'], []]);
  });

  it('is searched though a link in it leads nowhere, and says so', async () => {
    put('acme.sys', plan('Acme', [1, 0, 0, 0]));
    symlinkSync('nowhere', join(top, 'dangling'));
    const { candidates: found, notes } = await searchFolder(top, [LEAK], { cache: false });
    assert.equal(found.size, 1);
    assert.equal(notes.length, 1);
    assert.match(notes[0]!, /^cannot read .*dangling: ENOENT/);
  });

  it('leaves programs of user mode out, and counts them', async () => {
    put('acme.sys', plan('Acme', [1, 0, 0, 0]));
    put('setup.exe', driverFileBytes({ keys: [LEAK], subsystem: 2 }));
    put('tool.exe', driverFileBytes({ keys: [LEAK], subsystem: 3 }));
    const { searched, programs } = await searchFolder(top, [LEAK], { cache: false });
    assert.deepEqual([searched, programs], [1, 2]);
  });

  it('of a thousand files is searched with progress from none to all', async () => {
    for (let index = 0; index < 1000; index++)
      put(`p${index}/d.sys`, index === 700 ? plan('Acme', [1, 0, 0, 0]) : 'MZ');
    const told: (number | null)[][] = [];
    const found = await candidates({ cache: false, onProgress: (done, total) => told.push([done, total]) });
    assert.equal(found.length, 1);
    assert.equal(told.length, 1000);
    assert.equal(told.at(-1)![0], told.at(-1)![1]);
  });

  describe('searched again', () => {
    const reads = async (keys = [LEAK], cache = true): Promise<readonly [names: readonly string[], files: number]> => {
      let files = 0;
      const found = await candidates({ cache, onProgress: () => files++ }, keys);
      return [found.map(({ name }) => name), files];
    };

    beforeEach(() => {
      put('one.sys', plan('One', [1, 0, 0, 0]));
      put('two.sys', plan('Two', [1, 0, 0, 0], [GONE]));
      put('three.txt', 'text');
    });

    it('reads nothing that has not changed', async () => {
      assert.deepEqual(await reads(), [['one.sys'], 3]);
      assert.deepEqual(await reads(), [['one.sys'], 0]);
    });

    it('reads what changed, came or was asked for anew', async () => {
      await reads();
      put('two.sys', plan('Two', [1, 0, 0, 0], [GONE, LEAK]));
      utimesSync(join(top, 'two.sys'), 1, 1);
      put('four.sys', plan('Four', [1, 0, 0, 0]));
      rmSync(join(top, 'one.sys'));
      assert.deepEqual(await reads(), [['four.sys', 'two.sys'], 2]);
      assert.deepEqual(await reads([LEAK, GONE]), [['four.sys', 'two.sys'], 2]);
      assert.deepEqual(await reads([GONE, LEAK]), [['four.sys', 'two.sys'], 0]);
    });

    it('takes nothing from a damaged cache', async () => {
      await reads();
      const [entry] = readdirSync(folder.path('cache'), { recursive: true, encoding: 'utf8' }).filter((name) =>
        name.endsWith('.json'),
      );
      const path = join(folder.path('cache'), entry!);
      writeFileSync(path, readFileSync(path, 'utf8').replace('one.sys', 'own.sys'));
      assert.deepEqual(await reads(), [['one.sys'], 3]);
    });

    it('without a cache neither reads nor writes one', async () => {
      assert.deepEqual(await reads([LEAK], false), [['one.sys'], 3]);
      assert.deepEqual(await reads(), [['one.sys'], 3]);
      assert.deepEqual(await reads([LEAK], false), [['one.sys'], 3]);
    });
  });
});
