import assert from 'node:assert/strict';
import { generateMemory } from '../support/generate/memory.js';
import { listedBuild } from '../support/generate/kernel/kernel-structures.js';
import { SAMPLE_PROCESSES } from '../support/generate/objects/object-sample.js';
import type { ProcessPlan } from '../support/generate/objects/object-plan.js';
import { runCli } from '../support/run/cli.js';
import { readRecords } from '../support/records/write-records.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';
import { writeRaw } from '../support/write/raw.js';

/** Ended processes of one program that a service keeps handles to, and one that nobody holds. */
const LEAKED: readonly ProcessPlan[] = [
  { pid: 2000, ppid: 4, name: 'agent.exe', opens: [2004, 2008, 2012, 2012] },
  { pid: 2004, ppid: 2000, name: 'worker.exe', isTerminated: true },
  { pid: 2008, ppid: 2000, name: 'worker.exe', isTerminated: true },
  { pid: 2012, ppid: 2000, name: 'worker.exe', isTerminated: true },
  { pid: 2016, ppid: 600, name: 'worker.exe', isTerminated: true },
];

interface Holder {
  readonly object_type: string;
  readonly name: string | null;
  readonly pid: number | null;
  readonly parent_name: string | null;
  readonly state: string | null;
  readonly handles: number | null;
  readonly holders: string | null;
}

describe('pool-tracker who', function () {
  const folder = temporaryFolder();
  let image = '';
  before(async () => {
    image = folder.path('objects.raw');
    const build = listedBuild('10.0.19041.1466');
    await writeRaw(generateMemory({ build, processes: [...SAMPLE_PROCESSES, ...LEAKED] }), image);
  });

  it('groups exited processes by name and parent, with who holds them', async () => {
    const { status, stdout, stderr } = await runCli(['who', image, '--no-cache', '--tag', 'Proc']);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^Proc\??: -?\d+ outstanding, 17 found, \d+ not explained$/m);
    assert.match(stdout, /^Process exited +worker\.exe +agent\.exe \(2000\) +3 +4 agent\.exe \(2000\) x4$/m);
    assert.match(stdout, /^Process exited +worker\.exe +explorer\.exe \(600\) +1 +0 no handle$/m);
    assert.match(stdout, /^Process running +explorer\.exe .* CSRSS\.EXE \(500\), explorer\.exe \(600\)$/m);
  });

  it('tells objects of other types by who has handles to them', async () => {
    const { stdout } = await runCli(['who', image, '--no-cache', '-q', '--tag', 'File', '--tag', 'Thre']);
    assert.match(stdout, /^File - +- +- +600 +600 explorer\.exe \(600\) x600$/m);
    assert.match(stdout, /^Thread running explorer\.exe \(600\) +\? \(492\) +3 +0 no handle$/m);
  });

  it('sums up every type without --tag', async () => {
    const { status, stdout } = await runCli(['who', image, '--no-cache', '-q']);
    assert.equal(status, 0);
    assert.match(stdout, /^Proc +Process +-?\d+ +17 +17 +5 +12 +-?\d+$/m);
    assert.match(stdout, /^File +File +-?\d+ +606 +606 - +606 +-?\d+$/m);
    assert.match(stdout, /^Dire +Directory +- +0 +0 - +0 -$/m, 'a type without objects has a line too');
  });

  it('says what a tag without objects has outstanding, between those that have some', async () => {
    const { stdout } = await runCli([
      'who',
      image,
      '--no-cache',
      '-q',
      '--tag',
      'Dire',
      '--tag',
      'Key',
      '--tag',
      'Type',
    ]);
    const lines = stdout.split('\n').filter((line) => /^\w+ *[?~!]*: /.test(line));
    assert.deepEqual(
      lines.map((line) => line.replace(/\d+ outstanding/, 'N outstanding').slice(0, 30)),
      ['Dire: in no table, 0 found', 'Key : N outstanding, 42 found, ', 'Type: in no table, 0 found'].map((line) =>
        line.slice(0, 30),
      ),
    );
  });

  it('writes one record for each object, to standard output or a file', async () => {
    const { stdout } = await runCli(['who', image, '--no-cache', '-q', '--tag', 'Proc', '--json']);
    const records = JSON.parse(stdout) as Holder[];
    assert.equal(records.length, 17);
    const { object_type, name, parent_name, state, handles, holders } = records.find(({ pid }) => pid === 2012)!;
    assert.deepEqual(
      [object_type, name, parent_name, state, handles, holders],
      ['Process', 'worker.exe', 'agent.exe', 'exited', 2, '["agent.exe (2000) x2"]'],
    );
    for (const ending of ['parquet', 'ndjson']) {
      const file = folder.path(`holders.${ending}`);
      const written = await runCli(['who', image, '--no-cache', '-q', '--tag', 'Proc', '-o', file]);
      assert.equal(written.status, 0, written.stderr);
      assert.equal((await readRecords(file)).rows.length, 17);
    }
  });

  it('refuses a tag that no type of objects has, and names those that have one', async () => {
    const { status, stdout, stderr } = await runCli(['who', image, '--no-cache', '-q', '--tag', 'Leak']);
    assert.deepEqual([status, stdout, stderr.trim().split('\n').length], [2, '', 1]);
    assert.match(stderr, /no type of objects .* has such a tag: Leak; types have .*'Proc'/);
  });

  it('says in one line what keeps objects from being enumerated', async () => {
    const carved = await runCli(['who', image, '--no-cache', '-q', '--method', 'carve', '--tag', 'Proc']);
    assert.equal(carved.status, 0, carved.stderr);
    assert.equal(carved.stdout, '');
    assert.match(carved.stderr, /^pool-tracker: warning: objects cannot be enumerated: .*\n$/);
  });
});
