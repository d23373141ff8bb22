import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { runCli } from '../support/run/cli.js';
import { writeSample } from '../support/images/samples.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';

describe('pool-tracker info', () => {
  const folder = temporaryFolder();

  it('tells where everything lies and how it was verified', async () => {
    const image = writeSample('unknown-kernel.raw', folder.path('unknown.raw'));
    const { status, stdout } = await runCli(['info', image]);
    assert.equal(status, 0);
    for (const line of [
      /^format: raw$/m,
      /^page table root: 0x[0-9a-f]+$/m,
      /^page table root verified by: KUSER_SHARED_DATA/m,
      /^kernel base: 0xffff/m,
      /^pdb name: ntkrnlmp\.pdb$/m,
      /^kernel guid: [0-9A-F]{32}$/m,
      /^captured at: 2024-06-01T17:05:42\.000Z$/m,
      /^located by: kdbg$/m,
      /^ {2}processor 3 at 0xffff/m,
      /^rejected:$/m,
    ])
      assert.match(stdout, line);
  });

  it('gives the same as JSON', async () => {
    const image = writeSample('spill-17763.elf', folder.path('spill.elf'));
    const { stdout } = await runCli(['info', image, '--json']);
    const info = JSON.parse(stdout) as {
      format: string;
      tables: { processor: number | null }[];
      captured_at: string;
      expansion_tags: number;
    };
    assert.equal(info.format, 'elf-core');
    assert.deepEqual(
      info.tables.map(({ processor }) => processor),
      [0, 1, null],
    );
    assert.equal(info.captured_at, '2022-01-31T23:59:59.999Z');
    assert.ok(info.expansion_tags > 0);
  });

  it("tells carved tables apart from another processor's", async () => {
    const image = writeSample('server-14393.dmp', folder.path('server.dmp'));
    const { status, stdout } = await runCli(['info', image, '--method', 'carve']);
    assert.equal(status, 0);
    assert.match(stdout, /^ {2}table 0, \d+ pages, 0 missing\n {2}another processor's table, \d+ pages, 0 missing$/m);
    assert.doesNotMatch(stdout, /undefined/);
  });

  it('tells what it found also when it fails', async () => {
    const path = folder.path('zeros.raw');
    writeFileSync(path, Buffer.alloc(1 << 20));
    const { status, stdout, stderr } = await runCli(['info', path]);
    assert.equal(status, 4);
    assert.match(stdout, /^error code: NO_KERNEL$/m);
    assert.match(stdout, /^ {2}physical 0x0, 1048576 bytes, at offset 0$/m);
    assert.match(stderr, /^pool-tracker: .*no running Windows kernel found/);
    const { stdout: json } = await runCli(['info', path, '--json']);
    const { status: outcome, runs, tables } = JSON.parse(json) as Readonly<Record<string, unknown>>;
    assert.deepEqual([outcome, runs, tables], ['failed', [{ start: 0, length: 1 << 20, offset: 0 }], undefined]);
  });
});
