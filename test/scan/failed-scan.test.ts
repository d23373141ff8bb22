import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { PoolTrackerError } from '../../src/errors.js';
import { openImage } from '../../src/image/formats.js';
import { findKernel } from '../../src/kernel/root/root.js';
import { PhysicalMemory } from '../../src/memory/physical-memory.js';
import { openScan, tryOpenScan } from '../../src/scan/open-scan.js';
import { decodeScan, type Scan, type ScanOptions, scanRequest } from '../../src/scan/scan.js';
import type { FailedScan } from '../../src/scan/scan-result.js';
import { WalkScan } from '../../src/scan/walk-scan.js';
import { BufferSource } from '../support/sources/buffer-source.js';
import { generateMemory } from '../support/generate/memory.js';
import type { GeneratedMemory } from '../support/generate/memory-plan.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';
import { rawBuffer } from '../support/write/raw.js';

/** A source whose line goes dead after so many reads. */
class BreakingSource extends BufferSource {
  readsLeft = Infinity;

  override read(target: Uint8Array, offset: number): Promise<number> {
    if (this.readsLeft-- > 0) return super.read(target, offset);
    return Promise.reject(new PoolTrackerError('SOURCE_UNREADABLE', `${this.name}: the line went dead`));
  }
}

async function failed(location: string, options: ScanOptions): Promise<FailedScan> {
  const scan = await tryOpenScan(location, { cache: false, ...options });
  assert.ok('outcome' in scan, 'the scan did not open');
  return scan;
}

/** The error that ends a scan which opened. */
async function errorOf(scan: Scan): Promise<PoolTrackerError> {
  const error: unknown = await decodeScan(scan).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof PoolTrackerError, String(error));
  return error;
}

/** A kernel whose PoolTrackTable leads nowhere. */
function withoutTables(): GeneratedMemory {
  const generated = generateMemory({ memoryBytes: 24 << 20 });
  generated.space.writeU64(generated.truth.variables.PoolTrackTable!, 0n);
  return generated;
}

describe('the result of a scan that failed', () => {
  const folder = temporaryFolder();
  const zeros = (): string => {
    writeFileSync(folder.path('zeros.raw'), Buffer.alloc(1 << 20));
    return folder.path('zeros.raw');
  };

  it('tells the error, and has an id that follows from the path', async () => {
    const path = folder.path('nowhere.raw');
    const { imageId, outcome, container, tables, totals, labels } = await failed(path, { labels: { host: 'web01' } });
    assert.equal(outcome.error.code, 'SOURCE_NOT_FOUND');
    assert.deepEqual([container, tables, totals, labels], [null, null, [], { host: 'web01' }]);
    assert.match(imageId, /^[0-9a-f]{32}$/);
    assert.equal((await failed(path, {})).imageId, imageId);
    await assert.rejects(openScan(path), { code: 'SOURCE_NOT_FOUND', message: outcome.error.message });
  });

  it('has the container where no kernel was found', async () => {
    const { outcome, container, kernel, bytesRead } = await failed(zeros(), { method: 'walk' });
    assert.equal(outcome.error.code, 'NO_KERNEL');
    assert.deepEqual([container?.format, container?.byteLength], ['raw', 1 << 20]);
    assert.equal(kernel.location, null);
    assert.ok(bytesRead >= 1 << 20);
  });

  it('has the kernel where its tables were not found, and what was refused', async () => {
    const generated = withoutTables();
    const { truth } = generated;
    writeFileSync(folder.path('m.raw'), rawBuffer(generated));
    const { outcome, kernel, rejected } = await failed(folder.path('m.raw'), { locate: 'symbols' });
    assert.equal(outcome.error.code, 'TABLES_NOT_FOUND');
    assert.deepEqual([kernel.location?.root, kernel.location?.base], [truth.dtb, truth.kernelBase]);
    assert.equal(kernel.capturedAt?.getTime(), truth.systemTime.getTime());
    assert.equal(kernel.pdb?.guid, truth.build.guid);
    assert.deepEqual(
      rejected.filter(({ what }) => what === 'table').map(({ from }) => from),
      ['symbols'],
    );
  });

  it('has the kernel where a symbol file is damaged', async () => {
    const unknown = generateMemory({ build: 'unknown', memoryBytes: 24 << 20 });
    writeFileSync(folder.path('unknown.raw'), rawBuffer(unknown));
    writeFileSync(folder.path('damaged.json'), '{"metadata": ');
    const { outcome, kernel } = await failed(folder.path('unknown.raw'), { symbols: folder.path('damaged.json') });
    assert.equal(outcome.error.code, 'SYMBOL_FILE_DAMAGED');
    assert.equal(kernel.location?.base, unknown.truth.kernelBase);
  });

  it('keeps what a walk found when the carving after it finds nothing', async () => {
    const scan = await openScan(zeros(), { cache: false });
    assert.equal(scan.method, 'carve');
    const error = await errorOf(scan).finally(() => scan.close());
    const { container, outcome } = scan.failed(error);
    assert.equal(container?.format, 'raw');
    assert.equal(outcome.error, error);
    assert.match(
      error.message,
      /no running Windows kernel found.*; carving found no tables either: all 256 pages are zeros/,
    );
  });

  it('has what opening found where the source breaks while pages flow', async () => {
    const generated = generateMemory({ memoryBytes: 24 << 20 });
    const source = new BreakingSource(rawBuffer(generated), 'm.raw');
    const scan = await WalkScan.open(await openImage(source), scanRequest('m.raw', { cache: false }));
    assert.ok(!('outcome' in scan));
    source.readsLeft = 0;
    const error = await errorOf(scan);
    const { container, kernel, outcome, tables, totals } = scan.failed(error);
    assert.equal(outcome.error.message, 'm.raw: the line went dead');
    assert.equal(container?.byteLength, source.byteLength);
    assert.equal(kernel.location?.base, generated.truth.kernelBase);
    assert.deepEqual([tables, totals], [null, []]);
  });

  it('has the candidates that were refused before the source broke', async () => {
    const generated = generateMemory({
      memoryBytes: 24 << 20,
      lowStub: false,
      decoys: ['staleLowStub', 'foreignRoot'],
    });
    const source = new BreakingSource(rawBuffer(generated), 'm.raw');
    const image = await openImage(source);
    const whole = await findKernel(new PhysicalMemory(image));
    assert.ok('found' in whole && whole.rejected.length > 0);
    let refused = 0;
    for (let reads = 1; reads < 400 && refused === 0; reads++) {
      source.readsLeft = reads;
      const cut = await findKernel(new PhysicalMemory(image));
      if ('found' in cut) break;
      assert.equal(cut.error.code, 'SOURCE_UNREADABLE');
      assert.deepEqual(cut.rejected, whole.rejected.slice(0, cut.rejected.length));
      refused = cut.rejected.length;
    }
    assert.ok(refused > 0);
  });
});
