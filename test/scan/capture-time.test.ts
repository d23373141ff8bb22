import assert from 'node:assert/strict';
import { truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { rowsOf } from '../../src/record/rows/rows.js';
import { IMAGE } from '../../src/record/schema/record-types.js';
import type { Row } from '../../src/record/schema/record-type.js';
import { tryOpenScan } from '../../src/scan/open-scan.js';
import { resultOf, type ScanOptions } from '../../src/scan/scan.js';
import { generateMemory } from '../support/generate/memory.js';
import { BufferSource } from '../support/sources/buffer-source.js';
import { RangeServer } from '../support/sources/range-server.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';
import { writeCrashDump } from '../support/write/crash-dump/crash-dump.js';
import { rawBuffer } from '../support/write/raw.js';

const TAKEN = new Date('2024-03-01T06:07:00.000Z');
const COPIED = new Date('2024-05-05T05:05:05.000Z');
const generated = generateMemory({ memoryBytes: 24 << 20, systemTime: TAKEN });

/** What an image record says of the time, and how the scan ended. */
async function told(location: string, options: ScanOptions = {}): Promise<unknown[]> {
  const scan = await tryOpenScan(location, { threads: 0, ...options });
  const result = await resultOf(scan);
  if (!('outcome' in scan)) await scan.close();
  const [row] = [...(rowsOf(IMAGE, result) as Iterable<Row>)];
  const time = row!.captured_at === null ? null : new Date(row!.captured_at as number);
  return [row!.status, time, row!.captured_at_source];
}

describe('the time of a capture', () => {
  const folder = temporaryFolder();
  const file = (name: string, content: Buffer, modified = COPIED): string => {
    writeFileSync(folder.path(name), content);
    utimesSync(folder.path(name), modified, modified);
    return folder.path(name);
  };
  const zeros = Buffer.alloc(1 << 20);

  it("is the kernel's own, however the image lies in its file", async () => {
    assert.deepEqual(await told(file('good.raw', rawBuffer(generated))), ['ok', TAKEN, 'kernel']);
    const carved = await told(file('carved.raw', rawBuffer(generated)), { method: 'carve' });
    assert.deepEqual(carved.slice(1), [TAKEN, 'kernel']);
  });

  it("of a failed image is its header's, where that has one", async () => {
    const path = folder.path('zeroed.dmp');
    await writeCrashDump(generated, path, { dumpType: 1 });
    truncateSync(path, 0x4000);
    truncateSync(path, 24 << 20);
    utimesSync(path, COPIED, COPIED);
    for (const method of ['walk', 'auto', 'carve'] as const)
      assert.deepEqual(await told(path, { method }), ['failed', TAKEN, 'header'], method);
  });

  it("of any other failed image is the file's", async () => {
    const path = file('zeros.raw', zeros);
    assert.deepEqual(await told(path), ['failed', COPIED, 'file']);
    assert.deepEqual(await told(pathToFileURL(path).href), ['failed', COPIED, 'file']);
    assert.deepEqual(await told(file('text.txt', Buffer.from('no image\n'))), ['failed', COPIED, 'file']);
  });

  it('is not known where there is no file, or one without a time', async () => {
    assert.deepEqual(await told(folder.path('none.raw')), ['failed', null, null]);
    assert.deepEqual(await told(file('epoch.raw', zeros, new Date(0))), ['failed', null, null]);
  });

  it("of a failed remote image is the object's", async () => {
    const server = await new RangeServer({ 'zeros.raw': new BufferSource(zeros) }).start();
    try {
      assert.deepEqual(await told(server.url('zeros.raw')), ['failed', null, null]);
      server.lastModified = COPIED.toUTCString();
      assert.deepEqual(await told(server.url('zeros.raw')), ['failed', COPIED, 'file']);
      server.lastModified = 'yesterday';
      assert.deepEqual(await told(server.url('zeros.raw')), ['failed', null, null]);
      assert.deepEqual(await told(server.url('none.raw')), ['failed', null, null]);
    } finally {
      await server.stop();
    }
  });
});
