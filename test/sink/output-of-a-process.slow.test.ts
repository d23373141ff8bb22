import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { POOL_TAG } from '../../src/record/schema/record-types.js';
import { SINKS } from '../../src/sink/sinks.js';
import { edgeRows } from '../support/records/record-rows.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';
import { writeRecords } from '../support/records/write-records.js';

const PROCESS = fileURLToPath(new URL('../support/records/sink-process.ts', import.meta.url));

describe('a file that its process does not finish', () => {
  const folder = temporaryFolder();

  for (const [signal, status] of [
    ['SIGTERM', null],
    ['SIGINT', 130],
  ] as const) {
    it(`leaves nothing when its process ends by ${signal}`, async () => {
      const inside = folder.path(signal);
      mkdirSync(inside);
      const child = spawn(process.execPath, ['--import', 'tsx', PROCESS, 'write-forever', `${inside}/a.ndjson`], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await once(child.stdout, 'data');
      assert.match(readdirSync(inside).join(), /^\.pool-tracker-[0-9a-f]{16}\.part$/);
      child.kill(signal);
      const [code] = (await once(child, 'exit')) as [number | null];
      assert.equal(code, status);
      assert.deepEqual(readdirSync(inside), []);
    });
  }
});

describe('standard output', () => {
  const folder = temporaryFolder();

  before(async () => writeRecords(folder.path('a.arrow'), POOL_TAG, edgeRows(POOL_TAG, 5000)));

  function run(rest: string): { status: number | null; stdout: string; stderr: string } {
    return spawnSync(
      'sh',
      ['-c', `'${process.execPath}' --import tsx '${PROCESS}' convert '${folder.path('a.arrow')}' ${rest}`],
      { encoding: 'utf8' },
    );
  }

  it('ends quietly when its reader goes away', () => {
    const { stdout, stderr } = run('ndjson | head -n 1');
    assert.equal(stdout.split('\n').length, 2);
    assert.equal(stderr, 'closed\n');
  });

  for (const { name } of SINKS) {
    it(`takes ${name} through a pipe, the same as into a file`, async () => {
      const { status, stderr } = run(`${name} | cat > '${folder.path('piped')}'`);
      assert.equal(stderr, '5000 records\n');
      assert.equal(status, 0);
      const extension = SINKS.find((sink) => sink.name === name)!.extensions[0]!;
      await writeRecords(folder.path(`direct${extension}`), POOL_TAG, edgeRows(POOL_TAG, 5000));
      const [piped, direct] = [readFileSync(folder.path('piped')), readFileSync(folder.path(`direct${extension}`))];
      assert.ok(piped.equals(direct));
    });
  }
});
