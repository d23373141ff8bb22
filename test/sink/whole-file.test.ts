import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { PoolTrackerError, type ErrorCode } from '../../src/errors.js';
import { POOL_TAG } from '../../src/record/schema/record-types.js';
import { batchesOfRows } from '../../src/record/arrow/record-batches.js';
import { openSink } from '../../src/sink/open-sink.js';
import { parseOutput } from '../../src/sink/sinks.js';
import { pipelineInto } from '../../src/sink/open-sink.js';
import { SINKS } from '../../src/sink/sinks.js';
import { openTarget } from '../../src/sink/open-sink.js';
import { WholeFile } from '../../src/sink/file/whole-file.js';
import { poolTagRow } from '../support/records/record-rows.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';
import { writeRecords } from '../support/records/write-records.js';

function failsWith(code: ErrorCode, message: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof PoolTrackerError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    assert.ok(!error.message.includes('\n'));
    return true;
  };
}

async function write(path: string, text: string, force = false): Promise<void> {
  await pipeline(Readable.from([text]), await openTarget(path, force));
}

describe('a file that appears only when it is whole', () => {
  const folder = temporaryFolder();

  /** A new empty folder. */
  function empty(name: string): string {
    mkdirSync(folder.path(name));
    return folder.path(name);
  }

  it('is not there before the end, and then alone', async () => {
    const inside = empty('whole');
    const file = await openTarget(`${inside}/a.csv`, false);
    await new Promise((resolve) => file.write('half', resolve));
    assert.equal(existsSync(`${inside}/a.csv`), false);
    file.end(' and half');
    await once(file, 'close');
    assert.deepEqual(readdirSync(inside), ['a.csv']);
    assert.equal(readFileSync(`${inside}/a.csv`, 'utf8'), 'half and half');
    assert.equal(statSync(`${inside}/a.csv`).mode & 0o777, 0o666 & ~process.umask());
  });

  it('leaves nothing when what feeds it fails', async () => {
    for (const { extensions } of SINKS) {
      const inside = empty(`fails${extensions[0]}`);
      const rows = [poolTagRow(), poolTagRow({ key: -1 })];
      await assert.rejects(
        writeRecords(`${inside}/a${extensions[0]}`, POOL_TAG, rows, {}, 1),
        failsWith('INTERNAL', /column key: expected an unsigned integer of 32 bits, found -1/),
      );
      assert.deepEqual(readdirSync(inside), [], extensions[0]);
    }
  });

  it('leaves nothing when it is destroyed', async () => {
    const inside = empty('destroyed');
    const file = await openTarget(`${inside}/a.csv`, false);
    file.write('half');
    file.destroy();
    await once(file, 'close');
    assert.deepEqual(readdirSync(inside), []);
  });

  it('is not replaced without force, and with it only at the end', async () => {
    const inside = empty('force');
    await write(`${inside}/a.csv`, 'old');
    await assert.rejects(write(`${inside}/a.csv`, 'new'), failsWith('OUTPUT_EXISTS', /a\.csv already exists/));
    assert.equal(readFileSync(`${inside}/a.csv`, 'utf8'), 'old');
    chmodSync(`${inside}/a.csv`, 0o600);
    const file = await openTarget(`${inside}/a.csv`, true);
    await new Promise((resolve) => file.write('new', resolve));
    assert.equal(readFileSync(`${inside}/a.csv`, 'utf8'), 'old');
    file.end();
    await once(file, 'close');
    assert.equal(readFileSync(`${inside}/a.csv`, 'utf8'), 'new');
    assert.equal(statSync(`${inside}/a.csv`).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(inside), ['a.csv']);
  });

  it('does not replace a file that somebody else made in the meantime', async () => {
    const inside = empty('race');
    const file = await openTarget(`${inside}/a.csv`, false);
    writeFileSync(`${inside}/a.csv`, 'theirs');
    await assert.rejects(pipeline(Readable.from(['ours']), file), failsWith('OUTPUT_EXISTS', /already exists/));
    assert.equal(readFileSync(`${inside}/a.csv`, 'utf8'), 'theirs');
    assert.deepEqual(readdirSync(inside), ['a.csv']);
  });

  it('replaces what a symbolic link names, not the link', async () => {
    const inside = empty('link');
    writeFileSync(`${inside}/real.csv`, 'old');
    symlinkSync('real.csv', `${inside}/link.csv`);
    await assert.rejects(write(`${inside}/link.csv`, 'new'), failsWith('OUTPUT_EXISTS', /link\.csv/));
    await write(`${inside}/link.csv`, 'new', true);
    assert.equal(readFileSync(`${inside}/real.csv`, 'utf8'), 'new');
    assert.deepEqual(readdirSync(inside).sort(), ['link.csv', 'real.csv']);
  });

  it('says in one line why it cannot be written', async () => {
    const inside = empty('refused');
    writeFileSync(`${inside}/file`, '');
    await assert.rejects(
      write(`${inside}/missing/a.csv`, ''),
      failsWith('OUTPUT_FAILED', /cannot write .*missing\/a\.csv: its directory does not exist/),
    );
    await assert.rejects(write(inside, '', true), failsWith('OUTPUT_FAILED', /it is a directory/));
    await assert.rejects(
      write(`${inside}/file/a.csv`, ''),
      failsWith('OUTPUT_FAILED', /a part of its path is not a directory/),
    );
    await assert.rejects(write(`${inside}/${'x'.repeat(300)}`, ''), failsWith('OUTPUT_FAILED', /its name is too long/));
  });

  it('without permission', function () {
    if (process.getuid?.() === 0 && spawnSync('setpriv', ['--version']).status !== 0) {
      console.log('    skipped: root may write anywhere, and setpriv is not there to take that away');
      return this.skip();
    }
    // Root without these is bound to permissions, and can still read a checkout that is root's alone.
    const EVERYWHERE = '-dac_override,-dac_read_search';
    const inside = empty('locked');
    chmodSync(inside, 0o555);
    const script = `import { openTarget } from ${JSON.stringify(new URL('../../src/sink/open-sink.ts', import.meta.url).href)};
      await openTarget(${JSON.stringify(`${inside}/a.csv`)}, false).catch((error) => console.log(error.code, error.message));`;
    const node = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', script];
    const [command, ...rest] = process.getuid?.() === 0 ? ['setpriv', `--bounding-set=${EVERYWHERE}`, ...node] : node;
    chmodSync(folder.path('.'), 0o755);
    const { stdout, stderr } = spawnSync(command!, rest, { encoding: 'utf8', env: { ...process.env, TMPDIR: '/tmp' } });
    assert.match(stdout, /^OUTPUT_FAILED cannot write .*a\.csv: permission denied\n$/, stderr);
  });

  it('leaves nothing on a full disk, and says so', async function () {
    const disk = empty('disk');
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk]).status !== 0) {
      console.log('    skipped: a small tmpfs cannot be mounted here');
      return this.skip();
    }
    try {
      for (const { extensions } of SINKS) {
        const rows = Array.from({ length: 20_000 }, (_, index) =>
          poolTagRow({
            nonpaged_bytes: BigInt.asIntN(64, BigInt(index) * 0x9e3779b97f4a7c15n),
            image_id: `${index * 7919}`,
          }),
        );
        await assert.rejects(
          writeRecords(`${disk}/a${extensions[0]}`, POOL_TAG, rows, { rowGroupRows: 1000 }, 500),
          failsWith('OUTPUT_FAILED', /cannot write .*: the disk is full/),
          extensions[0],
        );
        assert.deepEqual(readdirSync(disk), [], extensions[0]);
      }
    } finally {
      execFileSync('umount', [disk]);
    }
  });

  it('a device is written to, not replaced', async function () {
    if (!existsSync('/dev/full')) return this.skip();
    await write('/dev/null', 'gone');
    assert.ok(statSync('/dev/null').isCharacterDevice());
    const sink = await openSink(parseOutput('/dev/full', 'ndjson'));
    await assert.rejects(
      pipelineInto(sink, Readable.from([poolTagRow()]), batchesOfRows(POOL_TAG)),
      failsWith('OUTPUT_FAILED', /cannot write \/dev\/full: the disk is full/),
    );
    assert.ok(statSync('/dev/full').isCharacterDevice());
  });

  it('staged: has its name from the start, takes the place of one that was given up, and stays when it is whole', async () => {
    const inside = empty('staged');
    const path = `${inside}/a.parquet`;
    const givenUp = await WholeFile.staged(path);
    await new Promise((resolve) => givenUp.write('longer than the other', resolve));
    const file = await WholeFile.staged(path);
    await pipeline(Readable.from(['whole']), file);
    if (!file.closed) await once(file, 'close');
    assert.equal(readFileSync(path, 'utf8'), 'whole');
    const broken = await WholeFile.staged(`${inside}/b.parquet`);
    broken.destroy();
    await once(broken, 'close');
    assert.deepEqual(readdirSync(inside), ['a.parquet']);
    await assert.rejects(
      WholeFile.staged(`${inside}/none/c.parquet`),
      failsWith('OUTPUT_FAILED', /directory does not/),
    );
    givenUp.destroy();
    await once(givenUp, 'close');
  });
});
