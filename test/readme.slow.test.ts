import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { generateMemory } from './support/generate/memory.js';
import { CLI } from './support/run/cli.js';
import { sampleBytes } from './support/images/samples.js';
import { temporaryFolder } from './support/run/temporary-folder.js';
import { crashDumpBuffer } from './support/write/crash-dump/crash-dump.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');

/** Fenced blocks in a language, in order. */
function blocks(language: string): string[] {
  return [...README.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map((match) => match[1]!);
}

/** `make test` runs this very test. */
const RUN_ELSEWHERE = new Set(['make test']);

describe('the README', () => {
  const folder = temporaryFolder();

  before(() => {
    // Else a command below would install or build anew, under the tests that run now.
    const upToDate = spawnSync('make', ['--question', 'build'], { cwd: ROOT, encoding: 'utf8' });
    assert.equal(upToDate.status, 0, `make build comes before these tests: ${upToDate.stderr}`);
    const file = (name: string, bytes: Uint8Array): void => {
      mkdirSync(join(folder.path(name), '..'), { recursive: true });
      writeFileSync(folder.path(name), bytes);
    };
    const raw = sampleBytes('unknown-kernel.raw');
    file('memory.raw', raw);
    file('memory.raw.gz', gzipSync(raw, { level: 1 }));
    file('memory.dmp', sampleBytes('server-14393.dmp'));
    const before = generateMemory({ seed: 1, memoryBytes: 24 * 2 ** 20 });
    const after = generateMemory({ seed: 2, memoryBytes: 24 * 2 ** 20 });
    file('before.dmp', crashDumpBuffer(before));
    file('after.dmp', crashDumpBuffer(after));
    file('dumps/web01/monday.dmp', crashDumpBuffer(before));
    file('dumps/web02/monday.dmp', crashDumpBuffer(after));
    symlinkSync(join(ROOT, 'samples'), folder.path('samples'));
    mkdirSync(folder.path('node_modules/.bin'), { recursive: true });
    symlinkSync(ROOT, folder.path('node_modules/pool-tracker'));
    symlinkSync(CLI, folder.path('node_modules/.bin/pool-tracker'));
  });

  for (const command of blocks('sh')
    .flatMap((block) => block.trim().split('\n'))
    .filter((line) => !RUN_ELSEWHERE.has(line))) {
    it(command, () => {
      const cwd = command.startsWith('make ') ? ROOT : folder.path('.');
      const run = spawnSync('bash', ['-o', 'pipefail', '-c', command], { cwd, encoding: 'utf8' });
      assert.equal(run.status, 0, run.stderr);
      assert.doesNotMatch(
        run.stderr,
        /warning: (?!(?:\S+: )?(?:\d+ pages|\d+ of|the|a restart lies))|at async|node:internal/,
      );
    });
  }

  it('shows what the command really prints', () => {
    const shown = blocks('')[0]!;
    const [command, ...expected] = shown.split('\n');
    const run = spawnSync('bash', ['-c', command!.slice(2)], { cwd: folder.path('.'), encoding: 'utf8' });
    assert.equal(run.stderr.replace(/^npm warn .*\n/gm, '') + run.stdout, expected.join('\n'));
  });

  for (const [index, code] of blocks('js').entries()) {
    it(`library example ${index + 1} runs`, () => {
      const path = folder.path(`example-${index}.mjs`);
      writeFileSync(path, code);
      const run = spawnSync(process.execPath, [path], { cwd: folder.path('.'), encoding: 'utf8' });
      assert.equal(run.status, 0, run.stderr);
      assert.match(run.stdout, /^320 tags, 1 of the keys obey the hash law\n$/);
    });
  }

  it('names only files that are there', () => {
    for (const [, path] of README.matchAll(/\]\(([^)]+)\)/g)) readFileSync(join(ROOT, path!));
  });
});
