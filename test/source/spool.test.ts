import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { ByteStream } from '../../src/source/stream/byte-stream.js';
import { readBytes } from '../../src/source/source.js';
import { spool } from '../../src/source/local/spool.js';
import { ended, startCli } from '../support/run/cli.js';
import { sampleMemory } from '../support/images/sample-memory.js';
import { until } from '../support/run/until.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';
import { rawBuffer } from '../support/write/raw.js';

const MIB = 2 ** 20;

/** How many bytes the open file without a name takes on the disk; null where the system does not tell. */
function bytesOnDisk(process: number | 'self' = 'self'): number | null {
  const folder = `/proc/${process}/fd`;
  if (!existsSync(folder)) return null;
  for (const fd of readdirSync(folder)) {
    const path = `${folder}/${fd}`;
    if (existsSync(path) && /\.spool \(deleted\)$/.test(readlinkSync(path))) return statSync(path).blocks * 512;
  }
  return existsSync('/proc/self/exe') ? 0 : null;
}

describe('spooling a stream', () => {
  const folder = temporaryFolder();
  const image = rawBuffer(sampleMemory());
  /** Ends in the middle of a page. */
  const memory = image.subarray(0, 24 * MIB - 100);
  const none = (): void => assert.deepEqual(readdirSync(folder.path('.')), []);

  async function* pieces(size: number): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < memory.length; at += size) yield memory.subarray(at, at + size);
  }

  for (const size of [4096, 65536, 100_001, 1 << 20]) {
    it(`keeps every byte, zeros as holes, and no name: pieces of ${size}`, async () => {
      const stream = new ByteStream('piped', null, pieces(size));
      const source = await spool(stream, folder.path('.'));
      none();
      assert.equal(source.byteLength, memory.length);
      assert.equal(source.bytesRead, memory.length);
      assert.ok((await readBytes(source, 0, memory.length + 10)).equals(memory));
      const taken = bytesOnDisk();
      if (taken !== null) assert.ok(taken > 0 && taken < 4 * MIB, `${taken} bytes on the disk`);
      await source.close();
    });
  }

  it('looks for room first', async () => {
    const stream = new ByteStream('piped', 2 ** 60, pieces(4096));
    await assert.rejects(spool(stream, folder.path('.')), {
      code: 'OUTPUT_FAILED',
      message: /^cannot spool piped into .*: \d+ bytes are needed, \d+ are free$/,
    });
    assert.equal(stream.bytesRead, 0);
    none();
  });

  it('says in one line where it cannot write', async () => {
    for (const place of ['missing', 'm\0issing']) {
      await assert.rejects(spool(new ByteStream('piped', null, pieces(4096)), folder.path(place)), {
        code: 'OUTPUT_FAILED',
        message: /^cannot spool piped into /,
      });
    }
  });

  it('leaves nothing when the stream breaks', async () => {
    const broken = new Error('broken');
    async function* breaking(): AsyncGenerator<Uint8Array> {
      yield memory.subarray(0, MIB);
      throw broken;
    }
    await assert.rejects(spool(new ByteStream('piped', null, breaking()), folder.path('.')), {
      code: 'OUTPUT_FAILED',
      message: /broken$/,
    });
    none();
    if (bytesOnDisk() !== null) assert.equal(bytesOnDisk(), 0);
  });

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL'] as const) {
    it(`leaves nothing after ${signal}`, async () => {
      const child = startCli(['scan', '-', '--spool', folder.path('.')], { stdio: ['pipe', 'pipe', 'pipe'] });
      const end = ended(child);
      child.stdin!.on('error', () => undefined);
      const written = once(child.stdin!, 'drain');
      child.stdin!.write(memory.subarray(0, 8 * MIB));
      const early = await Promise.race([written, end]);
      assert.ok(Array.isArray(early), JSON.stringify(early));
      // Where the system tells: until the spool file is there.
      await until(() => bytesOnDisk(child.pid) !== 0);
      none();
      child.kill(signal);
      await end;
      none();
    });
  }

  it('walks standard input', async () => {
    const child = startCli(['scan', '-', '--spool', folder.path('.'), '--method', 'walk', '--json'], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    child.stdin!.end(image);
    const { status, stdout, stderr } = await ended(child);
    assert.equal(status, 0, stderr);
    assert.ok(stdout.split('\n').length > 50);
    assert.match(stderr, /; 25\.0 of 25\.0 MiB read/);
    none();
  });
});
