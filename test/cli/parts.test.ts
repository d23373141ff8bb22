import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { sampleBytes } from '../support/images/samples.js';
import { runCli } from '../support/run/cli.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';

describe('--parts', () => {
  const folder = temporaryFolder();

  it('reads the images that are given as one, in every command that reads one', async () => {
    const bytes = sampleBytes('unknown-kernel.raw');
    const whole = folder.path('whole.raw');
    writeFileSync(whole, bytes);
    // Of three lengths, none of them a whole number of pages.
    const names = ['third', 'second', 'first'].reverse();
    const ends = [1_000_001, 3_333_333, bytes.length];
    const parts = names.map((name, index) => {
      const path = folder.path(name);
      writeFileSync(path, bytes.subarray(ends[index - 1] ?? 0, ends[index]));
      return path;
    });
    for (const [command, ...options] of [['scan'], ['scan', '--method', 'carve'], ['check'], ['bigpool']] as const) {
      const [one, joined] = await Promise.all([
        runCli([command, whole, ...options]),
        runCli([command, '--parts', ...parts, ...options]),
      ]);
      assert.equal(joined.status, one.status, joined.stderr);
      assert.equal(joined.stdout, one.stdout);
    }
    const { status, stdout } = await runCli(['info', '--parts', ...parts]);
    assert.equal(status, 0);
    assert.match(stdout, /image-joined: 3 parts are read as one file, up to .*third/);
  });
});
