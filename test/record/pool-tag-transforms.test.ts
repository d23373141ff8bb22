import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import type { RecordBatch } from 'apache-arrow';
import { openScan, PoolTagTransform, PoolTagTransformStream, rowsOf, type Scan } from '../../src/index.js';
import { RowReader } from '../../src/record/arrow/record-batches.js';
import type { Row } from '../../src/record/schema/record-type.js';
import { POOL_TAG } from '../../src/record/schema/record-types.js';
import type { PageDecoder } from '../../src/scan/scan.js';
import { decodeScan } from '../../src/scan/scan.js';
import { writeSample } from '../support/images/samples.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';

/** Batches in a transform that nobody reads: those of its buffer, and one that waits. */
const MOST_AHEAD = 5;

function unpacked(batches: readonly RecordBatch[]): Row[] {
  const reader = new RowReader(POOL_TAG);
  return batches.flatMap((batch) => [...reader.rows(batch)]);
}

describe('transforms of pages into record batches', () => {
  const folder = temporaryFolder();
  let image: string;
  let expected: Row[];

  before(async () => {
    image = writeSample('server-14393.dmp', folder.path('server.dmp'));
    const scan = await openScan(image);
    expected = [...(rowsOf(POOL_TAG, await decodeScan(scan)) as Iterable<Row>)];
    await scan.close();
  });

  async function withScan(use: (scan: Scan) => Promise<void>): Promise<void> {
    const scan = await openScan(image);
    await use(scan).finally(() => scan.close());
  }

  /** A decoder whose result has so many times as many tags, and which tells how many were asked for. */
  function manyTags(decoder: PageDecoder, times: number): { decoder: PageDecoder; asked: () => number } {
    let asked = 0;
    return {
      asked: () => asked,
      decoder: {
        take: (page) => decoder.take(page),
        finish: async () => {
          const result = await decoder.finish();
          const totals = Array.from({ length: times }, () => result.totals).flat();
          const counted = totals.map((total) =>
            Object.defineProperty({ ...total }, 'slot', { enumerable: true, get: () => (asked++, total.slot) }),
          );
          return { ...result, totals: counted };
        },
      },
    };
  }

  it('Node and web streams give the same, all tags', async () => {
    await withScan(async (scan) => {
      const batches = scan.pages().pipe(new PoolTagTransform(scan.decoder()));
      assert.deepEqual(unpacked((await batches.toArray()) as RecordBatch[]), expected);
    });
    await withScan(async (scan) => {
      const pages = Readable.toWeb(scan.pages());
      const batches: RecordBatch[] = [];
      for await (const batch of pages.pipeThrough(new PoolTagTransformStream(scan.decoder()))) batches.push(batch);
      assert.deepEqual(unpacked(batches), expected);
    });
  });

  it('the web stream makes no batch that is not asked for', async () => {
    await withScan(async (scan) => {
      const { decoder, asked } = manyTags(scan.decoder(), 200);
      const reader = Readable.toWeb(scan.pages()).pipeThrough(new PoolTagTransformStream(decoder)).getReader();
      for (let batch = 1; batch <= 3; batch++) {
        assert.equal((await reader.read()).value!.numRows, 8192);
        assert.ok(asked() <= batch * 8192 + 1, `${asked()} rows for ${batch} batches`);
      }
      await reader.cancel();
    });
  });

  it("Node's stream makes a few batches ahead and no more", async () => {
    await withScan(async (scan) => {
      const { decoder, asked } = manyTags(scan.decoder(), 400);
      const batches = scan.pages().pipe(new PoolTagTransform(decoder));
      const iterator = batches[Symbol.asyncIterator]();
      assert.equal(((await iterator.next()).value as RecordBatch).numRows, 8192);
      // Whatever it would make without being asked, it makes in turns like these.
      for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
      assert.ok(asked() <= (1 + MOST_AHEAD) * 8192 + 1, `${asked()} rows for one batch`);
      let rows = 8192;
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next())
        rows += (next.value as RecordBatch).numRows;
      assert.equal(rows, 400 * 320);
    });
  });

  it('fail with what decoding throws, and tell the pages', async () => {
    const wrong = new Error('no page');
    const decoder: PageDecoder = { take: () => Promise.reject(wrong), finish: () => assert.fail('it went on') };
    await withScan(async (scan) => {
      const reader = Readable.toWeb(scan.pages()).pipeThrough(new PoolTagTransformStream(decoder)).getReader();
      await assert.rejects(reader.read(), (error) => error === wrong);
    });
    const late: PageDecoder = { take: () => undefined, finish: () => Promise.reject(wrong) };
    await withScan(async (scan) => {
      const reader = Readable.toWeb(scan.pages()).pipeThrough(new PoolTagTransformStream(late)).getReader();
      await assert.rejects(reader.read(), (error) => error === wrong);
    });
  });

  it('a web stream that is cancelled takes no more pages', async () => {
    await withScan(async (scan) => {
      const stream = new PoolTagTransformStream(scan.decoder());
      const writer = stream.writable.getWriter();
      const reason = new Error('enough');
      await stream.readable.cancel(reason);
      await assert.rejects(writer.closed, (error) => error === reason);
    });
  });
});
