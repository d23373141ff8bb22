import assert from 'node:assert/strict';
import { PAGE_SIZE } from '../../../src/address.js';
import { PoolTrackerError } from '../../../src/errors.js';
import { generateMemory } from '../../support/generate/memory.js';
import { Random } from '../../support/generate/random.js';
import { sweep } from '../../support/lanes/property.js';
import { carveStream, makeTables, otherPage, pagesOf } from '../../support/expect/carve-pages.js';
import { assertTotals, walkBuffer } from '../../support/expect/generated-scan.js';
import { limeBuffer } from '../../support/write/lime/lime.js';
import { elfCoreBuffer } from '../../support/write/elf/elf-core.js';
import { rawBuffer } from '../../support/write/raw.js';

const generated = generateMemory({
  seed: 3,
  seeded: true,
  layout: 56,
  tableSlots: 1024,
  tagCount: 500,
  processors: 3,
  memoryBytes: 32 << 20,
  decoys: ['snapshot', 'freedTable', 'sessionTable'],
});

function* inPieces(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe('carving an image', () => {
  it('gives the records of walking', async () => {
    const raw = rawBuffer(generated);
    const walked = await walkBuffer(raw);
    const carved = await carveStream(inPieces(raw, 65536));
    assertTotals(carved.totals, generated.truth.merged, 56);
    assert.equal(carved.imageId, walked.imageId);
    assert.equal(carved.outcome.status, 'ok');
    assert.equal(carved.tables.locatedBy, 'carve');
    assert.deepEqual(carved.kernel.pdb, walked.kernel.pdb);
    assert.equal(carved.container, null);
  });

  it('says how it came to them', async () => {
    const { tables } = await carveStream(inPieces(rawBuffer(generated), 1 << 20));
    const report = tables.carve!;
    assert.equal(report.entrySize, 56);
    assert.equal(report.tableSlots, 1024);
    const pages = Math.ceil((1025 * 56) / PAGE_SIZE);
    assert.equal(report.copies.length, pages);
    assert.ok(report.live.slice(0, -1).every((count) => count === 3));
    assert.deepEqual(report.neverSeen, []);
    assert.deepEqual(report.alternatives, []);
  });

  it('reads LiME files and ELF cores as they come', async () => {
    for (const [format, bytes] of [
      ['lime', limeBuffer(generated)],
      ['elf', elfCoreBuffer(generated)],
    ] as const) {
      const carved = await carveStream(inPieces(bytes, 100_000));
      assertTotals(carved.totals, generated.truth.merged, 56);
      assert.equal(carved.outcome.status, 'ok', format);
    }
  });

  it('gives the same however the stream is cut', async () => {
    const random = new Random(4);
    const tables = makeTables({ seed: 4, entrySize: 40, slots: 512, processors: 2, tagCount: 200 });
    const bytes = Buffer.concat([otherPage(random), ...pagesOf(tables), otherPage(random)]);
    const whole = (await carveStream([bytes])).imageId;
    const page = 2 * PAGE_SIZE;
    const isClose = (at: number): boolean => Math.abs(at - page) < 40 || Math.abs(at - page - PAGE_SIZE) < 40;
    for (let at = page - 40; at <= page + PAGE_SIZE + 40; at += isClose(at) ? 1 : 13) {
      assert.equal((await carveStream([bytes.subarray(0, at), bytes.subarray(at)])).imageId, whole, `cut at ${at}`);
    }
    for (const size of [1, 7, 4095, 4097])
      assert.equal((await carveStream(inPieces(bytes, size))).imageId, whole, `pieces of ${size}`);
  });

  it('finds pages that begin anywhere in the stream', async () => {
    const raw = rawBuffer(generated);
    await sweep(5, async (random) => {
      const pages = Array.from({ length: 40 }, () => Buffer.concat([random.bytes(3000), Buffer.alloc(1096)]));
      const carved = await carveStream([random.bytes(840), ...pages, raw]);
      assertTotals(carved.totals, generated.truth.merged, 56);
      assert.ok(carved.warnings.some(({ code }) => code === 'stream-phase'));
    });
  });

  it('reports a last page that is cut short', async () => {
    const carved = await carveStream([rawBuffer(generated), Buffer.alloc(100, 1)]);
    assert.ok(carved.warnings.some(({ message }) => /cut short: 100 of 4096 bytes/.test(message)));
  });

  it('gives one clear error when the stream breaks', async () => {
    function* broken(): Generator<Buffer> {
      yield rawBuffer(generated).subarray(0, 20 << 20);
      throw new PoolTrackerError('SOURCE_UNREADABLE', 'the line went dead');
    }
    await assert.rejects(
      carveStream(broken()),
      (error: PoolTrackerError) => error.code === 'SOURCE_UNREADABLE' && error.message === 'the line went dead',
    );
  });

  it('says what it saw when there is no table', async () => {
    await assert.rejects(
      carveStream([new Random(6).bytes(1 << 20)]),
      (error: PoolTrackerError) =>
        error.code === 'TABLES_NOT_FOUND' &&
        /256 pages seen, 256 of them not zero, \d+ looked at closely, 0 of them/.test(error.message),
    );
    await assert.rejects(carveStream([]), { code: 'NOT_AN_IMAGE' });
  });

  it('gives the same with other threads', async () => {
    const raw = rawBuffer(generated);
    const long = function* (): Generator<Buffer> {
      for (let count = 0; count < 80; count++) yield Buffer.alloc(1 << 20);
      yield raw;
    };
    const alone = await carveStream(long(), { threads: 0 });
    for (const threads of [1, 2]) assert.equal((await carveStream(long(), { threads })).imageId, alone.imageId);
  });
});
