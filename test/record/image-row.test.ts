import assert from 'node:assert/strict';
import { PoolTrackerError } from '../../src/errors.js';
import { openImage } from '../../src/image/formats.js';
import { imageColumns, rowsOf } from '../../src/record/rows/rows.js';
import { misfit, type Row } from '../../src/record/schema/record-type.js';
import { IMAGE } from '../../src/record/schema/record-types.js';
import { CarveScan } from '../../src/scan/carve-scan.js';
import { decodeScan, failedScan, scanRequest } from '../../src/scan/scan.js';
import type { ScanResult } from '../../src/scan/scan-result.js';
import { BufferSource } from '../support/sources/buffer-source.js';
import { generateMemory } from '../support/generate/memory.js';
import { openWalk, walkBuffer } from '../support/expect/generated-scan.js';
import { rawBuffer } from '../support/write/raw.js';

const generated = generateMemory({ tableSlots: 128, tagCount: 200, processors: 2, memoryBytes: 24 << 20 });
const labels = { host: 'web01', site: 'a' };

async function carve(): Promise<ScanResult> {
  const image = await openImage(new BufferSource(rawBuffer(generated)));
  const scan = new CarveScan(image, scanRequest('m.raw', { threads: 0 }));
  return decodeScan(scan).finally(() => scan.close());
}

async function failAfterOpening(): Promise<ScanResult> {
  const scan = await openWalk(rawBuffer(generated), { labels });
  return scan.failed(new PoolTrackerError('SOURCE_UNREADABLE', 'the line went dead'));
}

const RESULTS: Readonly<Record<string, () => Promise<ScanResult>>> = {
  walked: () => walkBuffer(rawBuffer(generated), { labels }),
  carved: carve,
  'failed after opening': failAfterOpening,
  'failed at once': async () =>
    failedScan(scanRequest('none.raw'), new PoolTrackerError('SOURCE_NOT_FOUND', 'there is no none.raw')),
};

function rowOf(result: ScanResult): Row {
  const rows = [...(rowsOf(IMAGE, result) as Iterable<Row>)];
  assert.equal(rows.length, 1);
  return rows[0]!;
}

const place = (columns: object, name: string): number => Object.keys(columns).indexOf(name);

describe('image records', () => {
  for (const [name, make] of Object.entries(RESULTS)) {
    it(`have values of their columns' types, and no others: ${name}`, async () => {
      const row = rowOf(await make());
      assert.deepEqual(
        IMAGE.columns.map((column) => misfit(column, row[column.name])).filter((why) => why !== null),
        [],
      );
      const known = new Set(IMAGE.columns.map((column) => column.name));
      assert.deepEqual(
        Object.keys(row).filter((column) => !known.has(column)),
        [],
      );
    });

    it(`are what info tells, with lists as text: ${name}`, async () => {
      const result = await make();
      const [columns, row] = [imageColumns(result), rowOf(result)];
      assert.deepEqual(Object.keys(row), Object.keys(columns));
      for (const [column, value] of Object.entries(columns)) {
        const isList = typeof value === 'object' && value !== null;
        assert.deepEqual(isList ? JSON.parse(String(row[column])) : row[column], value, column);
      }
    });
  }

  it('list every table where it lies, the expansion table last', async () => {
    const { tables, labels: told, host } = imageColumns(await RESULTS.walked!());
    assert.deepEqual([told, host], [labels, 'web01']);
    const addresses = generated.truth.tables.map(({ address }) => `0x${address.toString(16)}`);
    assert.deepEqual(
      tables!.slice(0, -1).map(({ processor, address, pages_missing }) => [processor, address, pages_missing]),
      addresses.map((address, processor) => [processor, address, 0]),
    );
    assert.deepEqual(Object.keys(tables!.at(-1)!), ['processor', 'address', 'entries']);
    assert.equal(tables!.at(-1)!.processor, null);
  });

  it('list carved tables without addresses, and how they were carved by the names of the record', async () => {
    const columns = imageColumns(await carve());
    assert.deepEqual(
      columns.tables!.map((table) => [table.processor, 'address' in table]),
      [
        [0, false],
        [null, false],
      ],
    );
    assert.ok(Object.keys(columns.carve!).every((name) => /^[a-z_]+$/.test(name)));
    assert.deepEqual([place(columns, 'page_table_root'), place(columns, 'kernel_base')], [-1, -1]);
  });

  it('tell what was refused before the counts where it was walked, behind them where it was carved', async () => {
    const [walked, carved] = [imageColumns(await RESULTS.walked!()), imageColumns(await carve())];
    assert.ok(place(walked, 'rejected') < place(walked, 'tags'));
    assert.ok(place(carved, 'rejected') > place(carved, 'entries_missing'));
  });

  it('of a failed scan lack what nobody looked for', async () => {
    const [opened, unopened] = [
      imageColumns(await failAfterOpening()),
      imageColumns(await RESULTS['failed at once']!()),
    ];
    assert.deepEqual([opened.status, opened.error_code], ['failed', 'SOURCE_UNREADABLE']);
    assert.equal(opened.kernel_base, `0x${generated.truth.kernelBase.toString(16)}`);
    for (const column of ['processors', 'tables', 'tags', 'carve']) assert.ok(!(column in opened), column);
    for (const column of ['format', 'runs', 'kernel_base', 'pdb_name']) assert.ok(!(column in unopened), column);
  });
});
