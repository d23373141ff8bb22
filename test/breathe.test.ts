import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
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
