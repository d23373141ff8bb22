import assert from 'node:assert/strict';
import { PoolTrackerError } from '../../src/errors.js';
import { rowsOf } from '../../src/record/rows/rows.js';
import { misfit, type Row } from '../../src/record/schema/record-type.js';
import { IMAGE, IMAGE_WARNING } from '../../src/record/schema/record-types.js';
import { failedScan, scanRequest } from '../../src/scan/scan.js';
import type { ScanResult } from '../../src/scan/scan-result.js';
import { carveStream, makeTables, pagesOf } from '../support/expect/carve-pages.js';
import { walkBuffer } from '../support/expect/generated-scan.js';
import { generateMemory } from '../support/generate/memory.js';
import type { MemoryPlan } from '../support/generate/memory-plan.js';
import { limeBuffer } from '../support/write/lime/lime.js';
import { rawBuffer } from '../support/write/raw.js';

const SMALL: MemoryPlan = { tableSlots: 256, tagCount: 120, processors: 3, memoryBytes: 24 << 20 };

function warnings(result: ScanResult): Row[] {
  const rows = [...(rowsOf(IMAGE_WARNING, result) as Iterable<Row>)];
  for (const row of rows) {
    assert.deepEqual(
      IMAGE_WARNING.columns.map((column) => misfit(column, row[column.name])).filter((why) => why !== null),
      [],
    );
    assert.deepEqual(Object.keys(row).sort(), IMAGE_WARNING.columns.map(({ name }) => name).sort());
  }
  return rows;
}

function imageOf(result: ScanResult): Row {
  return [...(rowsOf(IMAGE, result) as Iterable<Row>)][0]!;
}

/** KUSER_SHARED_DATA's page of a raw image, by its system root. */
function sharedPage(image: Buffer): number {
  const root = Buffer.from('C:\\Windows', 'utf16le');
  for (let at = image.indexOf(root); at >= 0; at = image.indexOf(root, at + 1))
    if (at % 0x1000 === 0x30) return at - 0x30;
  throw new Error('no KUSER_SHARED_DATA');
}

describe('records of warnings', () => {
  it('are none where nothing is doubted', async () => {
    const whole = await walkBuffer(rawBuffer(generateMemory(SMALL)));
    assert.deepEqual(warnings(whole), []);
    assert.deepEqual([imageOf(whole).facts_failed, imageOf(whole).facts_unknown], [0, 0]);
  });

  it('tell whose table was not read, and which slots of it', async () => {
    const missingPages = [
      { processor: 1, page: 2 },
      { processor: 2, page: 0 },
    ];
    const result = await walkBuffer(limeBuffer(generateMemory({ ...SMALL, missingPages })));
    const lost = warnings(result).filter(({ code }) => code === 'pages-missing');
    const { size } = result.tables!.layout;
    assert.deepEqual(
      lost.map(({ scope, processor, first_slot, last_slot, count }) => [
        scope,
        processor,
        first_slot,
        last_slot,
        count,
      ]),
      missingPages.map(({ processor, page }) => [
        'slots',
        processor,
        Math.floor((page * 0x1000) / size),
        Math.ceil(((page + 1) * 0x1000) / size) - 1,
        2,
      ]),
    );
    assert.match(String(lost[0]!.message), /^entries \d+ to \d+ of processor 1's table were not read$/);
    // The image record has the same, to be parsed.
    const doubts = JSON.parse(String(imageOf(result).doubts)) as { code: string; slots: number[][] }[];
    assert.deepEqual(
      doubts.find(({ code }) => code === 'pages-missing')!.slots.sort((a, b) => a[0]! - b[0]!),
      lost.map(({ first_slot, last_slot }) => [first_slot, last_slot]).sort((a, b) => Number(a[0]) - Number(b[0])),
    );
  });

  it('say that the number of processors is not known, where the system does not tell it', async () => {
    const image = rawBuffer(generateMemory(SMALL));
    image.writeUInt32LE(0, sharedPage(image) + 0x3c0);
    const result = await walkBuffer(image);
    const { status, processors, facts_failed, facts_unknown } = imageOf(result);
    assert.deepEqual([status, processors, facts_failed, facts_unknown], ['incomplete', null, 0, 1]);
    const [row, ...more] = warnings(result);
    assert.deepEqual([row!.code, row!.scope, row!.processor, more], ['fact-processor-count', 'all', null, []]);
    assert.match(String(row!.message), /3 tables of an unknown number of processors/);
  });

  it('have every warning of a carved image, and each stretch of slots in doubt', async () => {
    const pages = pagesOf(makeTables({ seed: 4, entrySize: 40, slots: 512, processors: 2, tagCount: 200 }));
    const carved = await carveStream(pages);
    const rows = warnings(carved);
    assert.deepEqual(
      [...new Set([...carved.warnings, ...carved.doubts].map(({ code }) => code))].sort(),
      [...new Set(rows.map(({ code }) => code))].sort(),
    );
    assert.ok(rows.some(({ code, scope }) => code === 'processors-unknown' && scope === 'all'));
  });

  it('of a failed image are those from before it failed', () => {
    const failed = failedScan(
      scanRequest('none.raw'),
      new PoolTrackerError('SOURCE_NOT_FOUND', 'there is no none.raw'),
    );
    const warned = { ...failed, warnings: [{ code: 'image-cut', message: 'the file is cut short' }] };
    assert.deepEqual(warnings(failed), []);
    assert.deepEqual(
      warnings(warned).map(({ code, message, scope, count }) => [code, message, scope, count]),
      [['image-cut', 'the file is cut short', 'none', 1]],
    );
  });
});
