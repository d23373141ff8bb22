import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import type { DecodedScan } from '../../src/scan/scan-result.js';
import { decodeScan } from '../../src/scan/scan.js';
import { openScan } from '../../src/scan/open-scan.js';
import type { ScanOptions } from '../../src/scan/scan.js';
import { BufferSource } from '../support/sources/buffer-source.js';
import { RangeServer } from '../support/sources/range-server.js';
import { S3Server } from '../support/sources/s3-server.js';
import { sampleMemory } from '../support/images/sample-memory.js';
import { assertTotals } from '../support/expect/generated-scan.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';
import { canWrap, WRAP_CASES } from '../support/sources/wrap.js';
import { aff4Buffer } from '../support/write/evidence/aff4.js';
import { crashDumpBuffer } from '../support/write/crash-dump/crash-dump.js';
import { ewfBuffers } from '../support/write/evidence/ewf.js';
import { rawBuffer } from '../support/write/raw.js';
import { vmemBuffer, vmwareStateBuffer } from '../support/write/vmware.js';

const generated = sampleMemory();
const { truth } = generated;

async function scanned(location: string, options: ScanOptions = {}): Promise<DecodedScan> {
  const scan = await openScan(location, { cache: false, ...options });
  return decodeScan(scan).finally(() => scan.close());
}

describe('the same memory in every wrapper and from everywhere', () => {
  const folder = temporaryFolder();
  const dump = crashDumpBuffer(generated);
  let server: RangeServer;
  let bucket: S3Server;
  let imageId: string;

  before(async () => {
    writeFileSync(folder.path('m.dmp'), dump);
    ({ imageId } = await scanned(folder.path('m.dmp')));
    server = await new RangeServer({
      'm.dmp': new BufferSource(dump),
      'm.vmem': new BufferSource(vmemBuffer(generated)),
      'm.vmss': new BufferSource(vmwareStateBuffer(generated)),
      ...Object.fromEntries(
        ewfBuffers(rawBuffer(generated), 200).map((bytes, index) => [`m.E0${index + 1}`, new BufferSource(bytes)]),
      ),
    }).start();
    bucket = await S3Server.start();
  });
  after(async () => {
    await server.stop();
    await bucket.stop();
  });

  function assertSame(decoded: DecodedScan): void {
    assertTotals(decoded.totals, truth.merged, truth.entrySize);
    assert.equal(decoded.imageId, imageId);
  }

  for (const one of WRAP_CASES) {
    it(`walked out of ${one.title}${one.indexed ? ' by its index' : ', spooled'}`, async function () {
      if (!canWrap(one)) this.skip();
      writeFileSync(folder.path('wrapped'), one.wrap(dump));
      const decoded = await scanned(folder.path('wrapped'), {
        method: 'walk',
        ...(one.indexed ? {} : { spool: folder.path('.') }),
      });
      assertSame(decoded);
      assert.equal(decoded.container?.format, 'crash-dump-64');
      assert.equal(decoded.container?.byteLength, dump.length);
      assert.deepEqual(
        readdirSync(folder.path('.')).filter((name) => name.endsWith('.spool')),
        [],
      );
    });
  }

  it('carved out of a stream as out of a file, without a temporary file', async function () {
    const [gzip] = WRAP_CASES;
    if (!canWrap(gzip!)) this.skip();
    writeFileSync(folder.path('m.raw'), rawBuffer(generated));
    writeFileSync(folder.path('m.gz'), gzip!.wrap(rawBuffer(generated)));
    const fromFile = await scanned(folder.path('m.raw'), { method: 'carve' });
    const fromStream = await scanned(folder.path('m.gz'));
    assert.ok(fromStream.totals.length > 0);
    assert.deepEqual(fromStream.totals, fromFile.totals);
    assert.equal(fromStream.imageId, fromFile.imageId);
  });

  it('an AFF4 volume is a container, though it is a zip file', async () => {
    writeFileSync(folder.path('m.aff4'), aff4Buffer(generated));
    assertSame(await scanned(folder.path('m.aff4')));
  });

  it('over HTTP by ranges, with companions beside it', async () => {
    for (const [name, format] of [
      ['m.dmp', 'crash-dump-64'],
      ['m.vmem', 'vmware-vmem'],
      ['m.E01', 'ewf'],
    ] as const) {
      const decoded = await scanned(server.url(name, 'user:secret@'));
      assertSame(decoded);
      assert.equal(decoded.container?.format, format);
      assert.equal(decoded.path, server.url(name), 'without the credentials');
      assert.ok(decoded.bytesRead > 0 && decoded.bytesRead <= server.sent);
    }
  });

  it('over HTTP from a server that ignores ranges, spooled', async () => {
    server.ranges = false;
    assertSame(await scanned(server.url('m.dmp'), { spool: folder.path('.') }));
    await assert.rejects(scanned(server.url('m.dmp'), { method: 'walk' }), {
      code: 'SOURCE_UNREADABLE',
      message: /^cannot walk http.*comes as a stream/,
    });
    server.ranges = true;
  });

  it('out of a bucket, with companions beside it, and wrapped', async function () {
    await bucket.put('a/m.vmss', (path) => writeFileSync(path, vmwareStateBuffer(generated)));
    assertSame(await scanned(await bucket.put('a/m.vmem', (path) => writeFileSync(path, vmemBuffer(generated)))));
    const seekable = WRAP_CASES.find(({ title }) => title === 'zstd, seekable')!;
    if (!canWrap(seekable)) return;
    const decoded = await scanned(await bucket.put('a/m.dmp.zst', (path) => writeFileSync(path, seekable.wrap(dump))), {
      method: 'walk',
    });
    assertSame(decoded);
  });
});
