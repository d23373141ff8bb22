import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { readBytes, type Source } from '../../src/source/source.js';
import { ByteStream } from '../../src/source/stream/byte-stream.js';
import { openS3 } from '../../src/source/remote/s3-source.js';
import { decodeScan } from '../../src/scan/scan.js';
import { openScan } from '../../src/scan/open-scan.js';
import { generateMemory } from '../support/generate/memory.js';
import { Random } from '../support/generate/random.js';
import { S3Server } from '../support/sources/s3-server.js';
import { assertTotals } from '../support/expect/generated-scan.js';
import { writeRaw } from '../support/write/raw.js';

const GIB = 2 ** 30;
const MIB = 2 ** 20;

describe('images in a bucket', () => {
  const random = new Random(4);
  const bytes = Buffer.from(Uint32Array.from({ length: 100_000 }, () => random.u32()).buffer);
  let server: S3Server;
  let image: string;

  before(async () => {
    server = await S3Server.start();
    image = await server.put('2024/web 01/memory.vmem', (path) => writeFileSync(path, bytes));
    await server.put('2024/web 01/memory.vmss', (path) => writeFileSync(path, bytes.subarray(0, 300)));
  });
  after(() => server.stop());

  const open = async (location: string): Promise<Source> => {
    const opened = await openS3(location);
    assert.ok(!(opened instanceof ByteStream));
    return opened;
  };

  it('are read by ranges, each block once', async () => {
    server.sent = 0;
    const source = await open(image);
    assert.equal(source.byteLength, bytes.length);
    assert.ok((await readBytes(source, 123_456, 50_000)).equals(bytes.subarray(123_456, 173_456)));
    const asked = server.requests;
    assert.ok((await readBytes(source, 130_000, 40_000)).equals(bytes.subarray(130_000, 170_000)));
    assert.equal(server.requests, asked);
    assert.equal(source.bytesRead, server.sent);
    assert.ok((await readBytes(source, 0, bytes.length + 10)).equals(bytes));
  });

  it('are found with their companions', async () => {
    const source = await open(image);
    assert.equal((await source.sibling!('memory.vmss'))?.byteLength, 300);
    assert.equal(await source.sibling!('memory.vmsn'), null);
  });

  it('are asked for again when an answer breaks off', async () => {
    server.cuts = 1;
    const source = await open(image);
    server.cuts = 2;
    assert.ok((await readBytes(source, 100_000, 200_000)).equals(bytes.subarray(100_000, 300_000)));
    assert.equal(server.cuts, 0);
  });

  it('stop with a clear error when they change', async () => {
    const location = await server.put('changing.raw', (path) => writeFileSync(path, bytes));
    const source = await open(location);
    await server.put('changing.raw', (path) => writeFileSync(path, bytes), 'ffffffffffffffffffffffffffffffff');
    await assert.rejects(readBytes(source, 200_000, 10), {
      code: 'SOURCE_CHANGED',
      message: /^s3:\/\/images\/changing\.raw changed while it was read: its ETag /,
    });
  });

  it('tell in one line what is wrong with a name', async () => {
    await assert.rejects(openS3('s3://images/nothing'), {
      code: 'SOURCE_NOT_FOUND',
      message: /^cannot read s3:\/\/images\/nothing: /,
    });
    await assert.rejects(openS3('s3://no-such-bucket/x'), { code: 'SOURCE_NOT_FOUND' });
    await assert.rejects(openS3('s3://images'), { code: 'USAGE' });
    await assert.rejects(openS3('s3:///x'), { code: 'USAGE' });
  });

  it('of 64 GiB are scanned with 8 MiB transferred, in a request for each page of the tables', async () => {
    const generated = generateMemory({ memoryBytes: 64 * GIB, processors: 16, tableSlots: 4096, tagCount: 2000 });
    let file = '';
    const location = await server.put('large.raw', (path) => {
      file = path;
      return writeRaw(generated, path);
    });
    server.sent = 0;
    server.requests = 0;
    try {
      const scan = await openScan(location, { cache: false });
      const { container, totals, bytesRead } = await decodeScan(scan).finally(() => scan.close());
      assertTotals(totals, generated.truth.merged, generated.truth.entrySize);
      assert.equal(container?.byteLength, generated.memory.byteLength);
      assert.ok(container.byteLength >= 64 * GIB);
      assert.equal(bytesRead, server.sent);
      console.log(`      64 GiB: ${(server.sent / MIB).toFixed(1)} MiB in ${server.requests} requests`);
      assert.ok(server.sent <= 8 * MIB, `${server.sent} bytes`);
      const pages = generated.truth.tables.reduce((sum, table) => sum + table.pages.length, 0);
      assert.ok(server.requests <= pages + 60, `${server.requests} requests for ${pages} pages`);
    } finally {
      rmSync(file);
    }
  });
});
