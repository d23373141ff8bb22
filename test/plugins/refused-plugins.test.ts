import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { loadPlugins } from '../../src/index.js';
import { loadedModules } from '../../src/plugin/load-plugins.js';
import { runCli } from '../support/run/cli.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';
import { writePlugin } from '../support/write/plugin.js';

const FORMAT = "{ name: 'acme', title: 'Acme', probe: () => false, open: async () => null }";
const SINK = "{ name: 'acme', extensions: ['.acme'], load: async () => null }";

/** What a module exports by default, and why it is refused. */
const REFUSED: readonly (readonly [what: string, exported: string, why: RegExp])[] = [
  ['no default export', '', /default export: expected an object .*, found undefined/],
  ['a list', 'export default []', /default export: expected an object .*, found a list/],
  ['no name', 'export default { apiVersion: 1 }', /name: expected small letters.*, found undefined/],
  ['a name with a line break', "export default { apiVersion: 1, name: 'a\\nb' }", /name: expected .*, found 'a\\x0ab'/],
  ['no version', `export default { name: 'acme', sinks: [${SINK}] }`, /apiVersion: expected 1, found undefined/],
  ['a later version', "export default { apiVersion: 2, name: 'acme' }", /apiVersion: expected 1, found 2/],
  [
    'nothing',
    "export default { apiVersion: 1, name: 'acme' }",
    /expected at least one of imageFormats, .*, found none/,
  ],
  [
    'a mistyped field',
    `export default { apiVersion: 1, name: 'acme', imageFormat: [${FORMAT}] }`,
    /expected apiVersion, name, imageFormats, .*, found 'imageFormat' as well/,
  ],
  [
    'no list',
    "export default { apiVersion: 1, name: 'acme', sinks: {} }",
    /sinks: expected a list .*, found an object/,
  ],
  [
    'an item that is none',
    "export default { apiVersion: 1, name: 'acme', sinks: [null] }",
    /sinks\[0\]: expected an obj/,
  ],
  [
    'a format without probe',
    `export default { apiVersion: 1, name: 'acme', imageFormats: [{ ...${FORMAT}, probe: undefined }] }`,
    /imageFormats\[0\]\.probe: expected a function, found undefined/,
  ],
  [
    'a format without a title',
    `export default { apiVersion: 1, name: 'acme', imageFormats: [{ ...${FORMAT}, title: 7 }] }`,
    /imageFormats\[0\]\.title: expected a text .*, found 7/,
  ],
  [
    'a stream that is none',
    `export default { apiVersion: 1, name: 'acme', imageFormats: [{ ...${FORMAT}, stream: 'yes' }] }`,
    /imageFormats\[0\]\.stream: expected a function, found 'yes'/,
  ],
  [
    'a drive as a scheme',
    "export default { apiVersion: 1, name: 'acme', sourceSchemes: [{ name: 'c', claims() {}, open() {} }] }",
    /sourceSchemes\[0\]\.name: expected .*, found 'c'/,
  ],
  [
    'no find',
    "export default { apiVersion: 1, name: 'acme', symbolSources: [{ name: 'x' }] }",
    /symbolSources\[0\]\.find: expected a function, found undefined/,
  ],
  [
    'an ending without a dot',
    `export default { apiVersion: 1, name: 'acme', sinks: [{ ...${SINK}, extensions: ['acme'] }] }`,
    /sinks\[0\]\.extensions: expected endings like '\.acme', found 'acme'/,
  ],
  [
    'other names that are no list',
    `export default { apiVersion: 1, name: 'acme', sinks: [{ ...${SINK}, aliases: 7 }] }`,
    /sinks\[0\]\.aliases: expected a list, found 7/,
  ],
  [
    'another name that is none',
    `export default { apiVersion: 1, name: 'acme', sinks: [{ ...${SINK}, aliases: ['a b'] }] }`,
    /sinks\[0\]\.aliases: expected texts like .*, found 'a b'/,
  ],
  [
    "our format's name",
    `export default { apiVersion: 1, name: 'acme', imageFormats: [{ ...${FORMAT}, name: 'lime' }] }`,
    /image format 'lime': expected a name of its own, and it is taken/,
  ],
  [
    'our scheme',
    "export default { apiVersion: 1, name: 'acme', sourceSchemes: [{ name: 'https', claims() {}, open() {} }] }",
    /source scheme 'https': expected a name of its own/,
  ],
  [
    'our output format',
    `export default { apiVersion: 1, name: 'acme', sinks: [{ ...${SINK}, name: 'json' }] }`,
    /output format 'json': expected a name of its own/,
  ],
  [
    'our ending',
    `export default { apiVersion: 1, name: 'acme', sinks: [{ ...${SINK}, extensions: ['.csv'] }] }`,
    /ending of output files '\.csv': expected a name of its own/,
  ],
  [
    'two of a name',
    `export default { apiVersion: 1, name: 'acme', imageFormats: [${FORMAT}, ${FORMAT}] }`,
    /image format 'acme': it has two of that name/,
  ],
  [
    'another name of ours',
    "export default { apiVersion: 1, name: 'acme', sinks: [{ name: 'arrows', extensions: ['.acme'], load: () => {} }] }",
    /output format 'arrows': expected a name of its own/,
  ],
  [
    'an ending that ours fits',
    "export default { apiVersion: 1, name: 'acme', sinks: [{ name: 'acme', extensions: ['.x.csv'], load: () => {} }] }",
    /ending of output files '\.x\.csv': expected a name of its own/,
  ],
  ['a throw at import', "throw new Error('no\\nlicence')", /it cannot be imported: no licence/],
  ['a throw of nothing', 'throw undefined', /it cannot be imported: undefined/],
  ['a syntax error', 'export default {', /it cannot be imported: Unexpected end of input/],
  ['a getter that throws', "export default { get name() { throw new Error('gone') } }", /'.*' is refused: gone/],
];

describe('plug-ins that are refused', () => {
  const folder = temporaryFolder();
  const module = (name: string, text: string): string => {
    writeFileSync(folder.path(name), text);
    return folder.path(name);
  };

  for (const [index, [what, exported, why]] of REFUSED.entries()) {
    it(what, async () => {
      const path = module(`refused-${index}.mjs`, exported);
      await assert.rejects(loadPlugins([path]), (error: Error & { code?: string; exitStatus?: number }) => {
        assert.equal(error.code, 'PLUGIN_REFUSED', error.stack);
        assert.equal(error.exitStatus, 7);
        assert.match(error.message, why);
        assert.match(error.message, new RegExp(`^plug-in .*refused-${index}\\.mjs`));
        return true;
      });
      assert.deepEqual(loadedModules(), []);
    });
  }

  it('after others that are not: they do not stay either', async () => {
    const first = writePlugin(folder.path('good.mjs'), 'acme', `sinks: [${SINK}]`);
    await assert.rejects(loadPlugins([first, module('bad.mjs', 'export default 7')]), /found 7/);
    assert.deepEqual(loadedModules(), []);
  });

  it('while another call uses one of the list: it stays with that', async () => {
    const used = writePlugin(folder.path('used.mjs'), 'acme', `sinks: [${SINK}]`);
    const slow = writePlugin(
      folder.path('slow.mjs'),
      'slow',
      `imageFormats: [${FORMAT}]`,
      'await new Promise(setImmediate);',
    );
    const first = await loadPlugins([used]);
    const second = loadPlugins([used, slow]);
    first.unload();
    const plugins = await second;
    assert.equal(loadedModules().length, 2);
    plugins.unload();
    assert.deepEqual(loadedModules(), []);
  });

  it('two of one name, and two that share what they add: the first stays as it was', async () => {
    const first = writePlugin(folder.path('first.mjs'), 'acme', `sinks: [${SINK}]`);
    const plugins = await loadPlugins([first]);
    try {
      const named = writePlugin(folder.path('named.mjs'), 'acme', `imageFormats: [${FORMAT}]`);
      await assert.rejects(loadPlugins([named]), /name: another plug-in is named 'acme' as well/);
      const shared = writePlugin(folder.path('shared.mjs'), 'other', `imageFormats: [${FORMAT}], sinks: [${SINK}]`);
      await assert.rejects(loadPlugins([shared]), /output format 'acme': expected a name of its own/);
      // Nothing of the one that was refused stayed, and the same module is no second plug-in.
      const format = writePlugin(folder.path('format.mjs'), 'format', `imageFormats: [${FORMAT}]`);
      const more = await loadPlugins([first, format]);
      assert.deepEqual(more.names, ['acme', 'format']);
      more.unload();
      more.unload();
      assert.equal(loadedModules().length, 1);
    } finally {
      plugins.unload();
    }
    assert.deepEqual(loadedModules(), []);
  });

  it('what is not there, and what is on no machine of ours', async () => {
    await assert.rejects(loadPlugins([folder.path('none.mjs')]), /expected an ES module, and there is no file/);
    await assert.rejects(loadPlugins(['no-such-package-here']), /no such file, and no such package/);
    await assert.rejects(loadPlugins(['https://host/plugin.mjs']), /expected a path, or the name of a package/);
    await assert.rejects(loadPlugins(['data:text/javascript,1']), /expected a path, or the name of a package/);
    await assert.rejects(loadPlugins(['']), { code: 'PLUGIN_REFUSED' });
  });

  it('a package is found from the current folder; and all is one line of the command', async () => {
    const home = folder.path('node_modules/acme-tools');
    mkdirSync(home, { recursive: true });
    const manifest = { name: 'acme-tools', type: 'module', exports: { '.': { import: './main.js' } } };
    writeFileSync(`${home}/package.json`, JSON.stringify(manifest));
    const sink = `{ name: 'acme', extensions: ['.acme'], load: async () => async function* () {} }`;
    writePlugin(`${home}/main.js`, 'acme', `sinks: [${sink}]`);
    const cwd = folder.path('.');
    const found = await runCli(['scan', 'no-image', '-o', 'x.acme', '--plugin', 'acme-tools'], { cwd });
    assert.match(found.stderr, /no-image/);
    const unknown = await runCli(['scan', 'no-image', '-o', 'x.acme'], { cwd });
    assert.match(unknown.stderr, /the ending of the name does not select an output format/);
    module('later.mjs', "export default { apiVersion: 2, name: 'acme' }");
    const { status, stdout, stderr } = await runCli(['scan', 'no-image', '--plugin', './later.mjs'], { cwd });
    assert.equal(status, 7);
    assert.equal(stdout, '');
    assert.equal(
      stderr,
      "pool-tracker: plug-in 'acme' (./later.mjs) is refused: apiVersion: expected 1, found 2; docs/plugins.md tells what a plug-in is\n",
    );
  });
});
