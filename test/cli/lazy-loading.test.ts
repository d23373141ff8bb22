import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import zlib from 'node:zlib';
import { COMMANDS } from '../../src/cli/commands/commands.js';
import { generateMemory } from '../support/generate/memory.js';
import { rawBuffer } from '../support/write/raw.js';
import { runCli } from '../support/run/cli.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';

interface Loaded {
  readonly commands: readonly string[];
  readonly packages: readonly string[];
}

describe('what the command line loads', () => {
  const folder = temporaryFolder();
  let runs = 0;

  /** Node's coverage names every module that a process has loaded. */
  async function loadedBy(...words: string[]): Promise<Loaded> {
    const coverage = folder.path(`coverage-${++runs}`);
    assert.equal((await runCli(words, { env: { NODE_V8_COVERAGE: coverage } })).status, 0);
    const urls = readdirSync(coverage).flatMap((name) => {
      const { result } = JSON.parse(readFileSync(join(coverage, name), 'utf8')) as { result: { url: string }[] };
      return result.map(({ url }) => url);
    });
    assert.ok(
      urls.some((url) => url.endsWith('/dist/bin/pool-tracker.js')),
      urls.join('\n'),
    );
    const named = (pattern: RegExp): string[] => [
      ...new Set(urls.flatMap((url) => pattern.exec(url)?.[1] ?? []).filter((name) => name !== '')),
    ];
    return {
      commands: named(/\/dist\/bin\/([a-z]+)-[A-Z0-9]{8}\.js$/).filter((name) => Object.hasOwn(COMMANDS, name)),
      packages: named(/\/node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*\/node_modules\/)/),
    };
  }

  for (const word of ['--version', '--help', 'help']) {
    it(`${word}: no command, and no package`, async () =>
      assert.deepEqual(await loadedBy(word), { commands: [], packages: [] }));
  }

  for (const words of [
    ['scan', '--help'],
    ['help', 'scan'],
  ]) {
    it(`${words.join(' ')}: that command alone, and no library that it may need when it runs`, async () =>
      assert.deepEqual(await loadedBy(...words), { commands: ['scan'], packages: [] }));
  }

  for (const format of ['ndjson', 'csv', 'parquet', 'txt']) {
    it(`scan into ${format}: not Arrow, and no package but a codec that this Node lacks`, async () => {
      const image = folder.path('memory.raw');
      writeFileSync(image, rawBuffer(generateMemory()));
      const words = ['scan', image, '-q', '--force', '-o', folder.path(`tags.${format}`)];
      const codecs = format === 'parquet' && !('zstdCompress' in zlib) ? ['@bokuweb/zstd-wasm'] : [];
      assert.deepEqual((await loadedBy(...words)).packages, codecs);
    });
  }

  it('convert of texts into texts: not Arrow either', async () => {
    const [from, to] = [folder.path('tags.ndjson'), folder.path('tags.csv')];
    const image = folder.path('memory.raw');
    writeFileSync(image, rawBuffer(generateMemory()));
    assert.equal((await runCli(['scan', image, '-q', '--force', '-o', from])).status, 0);
    const { packages } = await loadedBy('convert', from, to, '--force');
    assert.ok(!packages.includes('apache-arrow'), packages.join());
  });

  for (const name of Object.keys(COMMANDS)) {
    it(`${name} --help: no other command`, async () =>
      assert.deepEqual((await loadedBy(name, '--help')).commands, [name]));
  }
});
