import assert from 'node:assert/strict';
import { generateMemory } from '../support/generate/memory.js';
import { listedBuild } from '../support/generate/kernel/kernel-structures.js';
import { SAMPLE_PROCESSES } from '../support/generate/objects/object-sample.js';
import { tagKey } from '../support/generate/tracker/tag-plan.js';
import { runCli } from '../support/run/cli.js';
import { readRecords } from '../support/records/write-records.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';
import { writeRaw } from '../support/write/raw.js';

describe('pool-tracker check and bigpool', function () {
  const folder = temporaryFolder();
  let image = '';
  before(async () => {
    image = folder.path('objects.raw');
    await writeRaw(
      generateMemory({
        build: listedBuild('10.0.19041.1466'),
        processes: SAMPLE_PROCESSES,
        bigPages: [
          { key: tagKey('MmSt'), bytes: 0x3000n, poolType: 1 },
          { key: tagKey('Proc'), bytes: 0x1000n, free: true },
        ],
      }),
      image,
    );
  });

  it('prints what each method found beside the tag, differences marked, and the disputed processes', async () => {
    const { status, stdout, stderr } = await runCli(['check', image, '--no-cache']);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^Tag +In Use Counted By +Found Ended Unread Differs Mark Note$/m);
    assert.match(stdout, /^Proc +-?\d+ PsActiveProcessHead +8 +1 +0 +-?\d+ <>$/m);
    assert.match(stdout, /^Proc +-?\d+ Sessions +8 +0 +0 +-?\d+ <>$/m);
    const disputed = stdout.slice(stdout.indexOf('do not agree on:'));
    assert.match(disputed, /^700 +600 svhost\.exe +NO +yes +yes +yes +yes +-$/m);
    assert.match(disputed, /^820 +600 a-very-long-nam +yes +NO +yes +NO +yes +2024-08-31 09:30:00$/m);
    assert.doesNotMatch(disputed, /explorer/);
    assert.match(stderr, /tables located/);
    const counts = stdout.slice(0, stdout.indexOf(' tags: ')).split('\n');
    for (const line of counts.filter((line) => !line.startsWith('['))) assert.ok(line.length <= 80, line);
  });

  it('gives the records as JSON', async () => {
    const { status, stdout } = await runCli(['check', image, '--no-cache', '--json']);
    assert.equal(status, 0);
    const records = JSON.parse(stdout) as { kind: string; method: string; found: number | null }[];
    assert.equal(records.find(({ kind, method }) => kind === 'process' && method === 'PspCidTable')!.found, 8);
    assert.deepEqual(
      [...new Set(records.map(({ kind }) => kind))],
      ['process', 'thread', 'token', 'file', 'key', 'handle_table', 'module'],
    );
  });

  it('lists big allocations', async () => {
    const { status, stdout } = await runCli(['bigpool', image, '--no-cache']);
    assert.equal(status, 0);
    assert.deepEqual(
      stdout
        .trimEnd()
        .split('\n')
        .slice(2)
        .map((line) => line.trim().split(/ +/)),
      [
        ['0xffffa50000000000', 'MmSt', String(tagKey('MmSt')), 'false', '12288', '1', 'false'],
        ['0xffffa50000107000', 'Proc', String(tagKey('Proc')), 'false', '4096', '0', 'true'],
      ],
    );
    const wanted = await runCli(['bigpool', image, '--no-cache', '--tag', 'P*', '--json']);
    assert.equal((JSON.parse(wanted.stdout) as unknown[]).length, 1);
  });

  it('writes the record types by scan -o', async () => {
    const types = ['process', 'object_count', 'bigpool'];
    const outputs = types.flatMap((type) => ['-o', `${type}=${folder.path(`${type}.parquet`)}`]);
    const { status, stderr } = await runCli(['scan', image, '--no-cache', '-q', ...outputs]);
    assert.equal(status, 0, stderr);
    const counts = await Promise.all(
      types.map(async (type) => (await readRecords(folder.path(`${type}.parquet`))).rows.length),
    );
    assert.equal(counts[0], SAMPLE_PROCESSES.length);
    assert.ok(counts[1]! > 15);
    assert.equal(counts[2], 2);
  });

  it('tells why a record type has no rows', async () => {
    const unknown = folder.path('unknown.raw');
    await writeRaw(generateMemory({ build: 'unknown', kdbg: 'absent' }), unknown);
    const { status, stderr } = await runCli([
      'scan',
      unknown,
      '--no-cache',
      '-o',
      `bigpool=${folder.path('b.ndjson')}`,
      '-o',
      `process=${folder.path('p.ndjson')}`,
    ]);
    assert.equal(status, 0);
    assert.match(stderr, /warning: bigpool: not available for this build/);
    assert.match(stderr, /warning: process: not available for this build/);
  });
});
