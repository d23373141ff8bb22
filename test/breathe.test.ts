import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { TypeRecords } from '../src/kernel/symbols/pdb/type-records.js';
import { breathe } from '../src/breathe.js';
import { ended, said } from './support/run/cli.js';
import { temporaryFolder } from './support/run/temporary-folder.js';

const PROCESS = fileURLToPath(new URL('./support/run/busy-process.ts', import.meta.url));

describe('long work', () => {
  const folder = temporaryFolder();
  let child: ChildProcess | undefined;

  afterEach(() => void child?.kill('SIGKILL'));

  it('lets events have their turn', async () => {
    let isHeard = false;
    setImmediate(() => (isHeard = true));
    while (!isHeard) await breathe();
  });

  it('lets them have it within the types of a program database', async () => {
    const [header, size, count] = [56, 28, 1_500_000];
    const types = Buffer.alloc(header + count * size);
    for (const [value, at] of [
      [header, 4],
      [0x1000, 8],
      [count * size, 16],
    ] as const)
      types.writeUInt32LE(value, at);
    for (let at = header; at < types.length; at += size) {
      types.writeUInt16LE(size - 2, at);
      types.writeUInt16LE(0x1504, at + 2);
    }
    let turns = 0;
    const next = (): void => void setImmediate(() => turns++ < 1000 && next());
    next();
    await TypeRecords.of(types, new Set(['_EPROCESS']));
    assert.ok(turns > 1, `${turns} turns`);
  });

  for (const task of ['carve', 'pages']) {
    it(`ends by the first signal, and leaves nothing behind: ${task}`, async () => {
      const inside = folder.path(task);
      mkdirSync(inside);
      child = spawn(process.execPath, ['--import', 'tsx', PROCESS, task, `${inside}/a.ndjson`], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      const end = ended(child);
      await said(child, /^working$/m);
      assert.match(readdirSync(inside).join(), /^\.pool-tracker-[0-9a-f]{16}\.part$/);
      child.kill('SIGINT');
      const { status } = await end;
      assert.equal(status, 130);
      assert.deepEqual(readdirSync(inside), []);
    });
  }
});
