import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { LabelRules } from '../../../src/dataset/images/labels.js';
import { temporaryFolder } from '../../support/run/temporary-folder.js';

describe('labels of an image', () => {
  const folder = temporaryFolder();

  it('fixed ones, then from the path, then from the file', async () => {
    await writeFile(folder.path('labels.csv'), 'path,host,site\r\n/d/web01/a.raw,"web,01",\nb.raw,web02,north\n');
    const rules = await LabelRules.load({
      fixed: { host: 'x', os: 'w' },
      patterns: ['/(?<host>[^/]+)/[^/]+$', '(?<serial>\\d+)\\.dmp'],
      file: folder.path('labels.csv'),
    });
    assert.deepEqual(rules.labelsOf('a.raw', '/d/web01/a.raw'), { host: 'web,01', os: 'w' });
    assert.deepEqual(rules.labelsOf('/d/web09/c7.dmp', '/d/web09/c7.dmp'), { host: 'web09', os: 'w', serial: '7' });
    assert.deepEqual(rules.labelsOf('/e/web03/b.raw', '/e/web03/b.raw'), { host: 'web02', os: 'w', site: 'north' });
    assert.deepEqual(rules.labelsOf('C:\\dumps\\web05\\m.raw', ''), { host: 'web05', os: 'w' });
  });

  it('an NDJSON file', async () => {
    await writeFile(
      folder.path('labels.ndjson'),
      '{"path":"a.raw","host":"h","rack":12}\n\n{"path":"b.raw","host":null}\n',
    );
    const rules = await LabelRules.load({ fixed: { host: 'x' }, patterns: [], file: folder.path('labels.ndjson') });
    assert.deepEqual(
      [rules.labelsOf('a.raw', '/a.raw'), rules.labelsOf('b.raw', '/b.raw')],
      [{ host: 'h', rack: '12' }, { host: 'x' }],
    );
  });

  for (const [encoding, mark] of [
    ['utf8', '\ufeff'],
    ['utf8', ''],
    ['utf16le', '\ufeff'],
  ] as const) {
    it(`the mark that a file begins with is no part of it, that of a value is: ${encoding} ${JSON.stringify(mark)}`, async () => {
      for (const [name, text] of [
        ['marked.csv', 'path,host\r\n日本.raw,\ufeffweb01\r\n'],
        ['marked.ndjson', '{"path":"日本.raw","host":"\ufeffweb01"}\r\n'],
      ] as const) {
        await writeFile(folder.path(name), Buffer.from(`${mark}${text}`, encoding));
        const rules = await LabelRules.load({ fixed: {}, patterns: [], file: folder.path(name) });
        assert.deepEqual(rules.labelsOf('日本.raw', '/日本.raw'), { host: '\ufeffweb01' });
      }
    });
  }

  for (const [what, name, text] of [
    ['no column path', 'x.csv', 'file,host\na,b\n'],
    ['a line with a field too many', 'y.csv', 'path,host\na,b,c\n'],
    ['a line that is no JSON', 'z.ndjson', '{"path":"a"}\nnonsense\n'],
    ['a line that is no object', 'w.ndjson', '7\n'],
  ] as const) {
    it(`${what} is refused in one line that names the file`, async () => {
      await writeFile(folder.path(name), text);
      await assert.rejects(
        LabelRules.load({ fixed: {}, patterns: [], file: folder.path(name) }),
        (error: Error) => error.message.includes(name) && !error.message.includes('\n'),
      );
    });
  }

  it('lines are told apart wherever the file is read in pieces; one without an end is refused', async () => {
    const long = 'x'.repeat(65_530);
    await writeFile(
      folder.path('long.ndjson'),
      ['a', 'b', 'c'].map((name) => JSON.stringify({ path: `${name}.raw`, host: long })).join('\r\n'),
    );
    const rules = await LabelRules.load({ fixed: {}, patterns: [], file: folder.path('long.ndjson') });
    assert.deepEqual(rules.labelsOf('c.raw', '/c.raw'), { host: long });
    await writeFile(folder.path('endless.ndjson'), `{"path":"${'x'.repeat(2 << 20)}`);
    await assert.rejects(
      LabelRules.load({ fixed: {}, patterns: [], file: folder.path('endless.ndjson') }),
      /endless\.ndjson: a line is longer than 1048576 characters/,
    );
  });

  it('a pattern without a named group, or that is none, is refused', async () => {
    for (const pattern of ['/([^/]+)/', '(?<host>', '(?<=x)y'])
      await assert.rejects(LabelRules.load({ fixed: {}, patterns: [pattern] }), { code: 'USAGE' }, pattern);
  });
});
