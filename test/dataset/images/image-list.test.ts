import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { listImages, type ListedImage } from '../../../src/dataset/images/images.js';
import { shardOf } from '../../../src/dataset/images/images.js';
import { temporaryFolder } from '../../support/run/temporary-folder.js';

describe('the list of images', () => {
  const folder = temporaryFolder();
  const root = (): string => folder.path('dumps');
  const list = (words: readonly string[], input = '', except = ''): Promise<ListedImage[]> =>
    listImages(words, { input: Readable.from([input]), except });
  const names = async (words: readonly string[], input = '', except = ''): Promise<string[]> =>
    (await list(words, input, except)).map(({ source }) => source.slice(root().length + 1));

  before(async () => {
    for (const name of [
      'b.raw',
      'a/one.dmp',
      'a/two.dmp',
      'a/deep/three.dmp',
      'vm/w.vmem',
      'vm/w.vmss',
      'vm/alone.vmss',
      'e/d.E01',
      'e/d.E02',
      'e/d.EAA',
      'e/x.exe',
      'f/m.000',
      'f/m.001',
      'f/m.afm',
      'g.afd/file_000.aff',
      'g.afd/file_001.aff',
      'lake/pool_tag/p.parquet',
      '[x].raw',
      '.hidden',
    ]) {
      await mkdir(dirname(join(root(), name)), { recursive: true });
      await writeFile(join(root(), name), name);
    }
    await symlink(join(root(), 'b.raw'), join(root(), 'a/link.raw'));
    await symlink(root(), join(root(), 'a/loop'));
    await writeFile(folder.path('list.txt'), `${root()}/b.raw\r\n\n${root()}/vm\n`);
  });

  it('a directory: every file in it, sorted; not what belongs to another image, not the dataset, no loops', async () => {
    assert.deepEqual(await names([root()], '', join(root(), 'lake')), [
      '.hidden',
      '[x].raw',
      'a/deep/three.dmp',
      'a/link.raw',
      'a/one.dmp',
      'a/two.dmp',
      'b.raw',
      'e/d.E01',
      'e/x.exe',
      'f/m.afm',
      'g.afd/file_000.aff',
      'vm/alone.vmss',
      'vm/w.vmem',
    ]);
  });

  it('what is named and found is named', async () => {
    const found = await list([root(), join(root(), 'b.raw')]);
    assert.equal(found.find(({ source }) => source.endsWith('b.raw'))?.found, false);
    assert.equal(found.find(({ source }) => source.endsWith('one.dmp'))?.found, true);
    assert.equal(new Set(found.map(({ source }) => source)).size, found.length);
  });

  for (const [pattern, expected] of [
    ['a/*.dmp', ['a/one.dmp', 'a/two.dmp']],
    ['a/t?o.dmp', ['a/two.dmp']],
    ['[!b]/one.*', ['a/one.dmp']],
    ['**/*.dmp', ['a/deep/three.dmp', 'a/one.dmp', 'a/two.dmp']],
    ['a/**', ['a/deep/three.dmp', 'a/link.raw', 'a/one.dmp', 'a/two.dmp']],
    ['[x].raw', ['[x].raw']],
  ] as const) {
    it(`the pattern ${pattern}`, async () => {
      const found = (await names([join(root(), pattern)])).filter((name) => !name.startsWith('a/loop'));
      assert.deepEqual([...new Set(found)].sort(), [...expected].sort());
    });
  }

  it('lists: a file of them, and standard input', async () => {
    assert.deepEqual(await names([`@${folder.path('list.txt')}`]), ['b.raw', 'vm/alone.vmss', 'vm/w.vmem']);
    assert.deepEqual(await names(['-'], `${root()}/b.raw\n`), ['b.raw']);
    assert.deepEqual(
      (await list(['-'], 'https://host/x.dmp\n')).map(({ location }) => location),
      ['https://host/x.dmp'],
    );
  });

  for (const [kind, word] of [
    ['a file', 'gone.raw'],
    ['a folder', 'gone/'],
    ['a file in what is no folder', 'b.raw/x.raw'],
    ['a pattern', '*.gone'],
    ['a folder without files', 'hollow'],
  ] as const) {
    it(`an argument that names nothing is an error: ${kind}`, async () => {
      await mkdir(join(root(), 'hollow/deep'), { recursive: true });
      await assert.rejects(list([join(root(), 'b.raw'), join(root(), word)]), {
        code: 'SOURCE_NOT_FOUND',
        message: new RegExp(`/${word.replace('*', '\\*')}: `),
      });
    });
  }

  it('so is a file URL, and a list that cannot be read or of which no line names a file', async () => {
    await assert.rejects(list([pathToFileURL(join(root(), 'gone.raw')).href]), { code: 'SOURCE_NOT_FOUND' });
    assert.equal((await list([pathToFileURL(join(root(), 'b.raw')).href])).length, 1);
    await assert.rejects(list([`@${folder.path('gone.txt')}`]), { code: 'SOURCE_NOT_FOUND', message: /gone\.txt/ });
    await assert.rejects(list(['-'], `${root()}/gone.raw\n${root()}/gone.dmp\n`), {
      code: 'SOURCE_NOT_FOUND',
      message: /of its 2 lines none names a file that is there, as '.*gone\.raw'/,
    });
  });

  for (const encoding of ['utf8', 'utf16le', 'utf16be'] as const) {
    it(`a list as Windows writes it, with a mark: ${encoding}`, async () => {
      const text = Buffer.from(
        `\ufeff${root()}/b.raw\r\n${root()}/a/one.dmp\r\n`,
        encoding === 'utf8' ? 'utf8' : 'utf16le',
      );
      const path = folder.path(`${encoding}.txt`);
      await writeFile(path, encoding === 'utf16be' ? text.swap16() : text);
      assert.deepEqual(await names([`@${path}`]), ['b.raw', 'a/one.dmp']);
    });
  }

  it('a list may be empty, and one of its lines may name what is gone by now: the scan tells of it', async () => {
    assert.deepEqual(await names(['-'], '\n'), []);
    assert.deepEqual(await names(['-'], `${root()}/gone.raw\n${root()}/b.raw\n`), ['gone.raw', 'b.raw']);
  });

  it('shards: each image is in exactly one, and they are of about the same size', () => {
    const counts = [0, 0, 0, 0, 0, 0, 0];
    for (let image = 0; image < 7000; image++) counts[shardOf(`/dumps/host-${image}/memory.raw`, 7)]!++;
    assert.equal(counts.length, 7);
    for (const count of counts) assert.ok(count > 850 && count < 1150, counts.join());
  });
});
