import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, truncateSync } from 'node:fs';
import fc from 'fast-check';
import { PoolTrackerError } from '../../src/errors.js';
import { IMAGE } from '../../src/record/schema/record-types.js';
import { POOL_TAG, POOL_TAG_CPU } from '../../src/record/schema/record-types.js';
import {
  SCHEMA_VERSION,
  type Column,
  type RecordType,
  type Row,
  type Value,
} from '../../src/record/schema/record-type.js';
import { convertRecords } from '../../src/sink/convert-records.js';
import { assertAsyncProperty } from '../support/lanes/property.js';
import { edgeRows } from '../support/records/record-rows.js';
import { openDescriptors } from '../support/run/open-files.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';
import { readRecords, writeRecords } from '../support/records/write-records.js';

const ENDINGS = ['parquet', 'ndjson', 'ndjson.gz', 'arrow', 'arrows', 'csv'] as const;

function values(column: Column): fc.Arbitrary<Value> {
  const ofType: Record<Column['type'], fc.Arbitrary<Value>> = {
    string: fc.string({ unit: 'binary' }),
    bool: fc.boolean(),
    int32: fc.integer(),
    uint32: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    // The text formats have no sign of zero.
    float64: fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (Object.is(number, -0) ? 0 : number)),
    timestamp: fc
      .date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true })
      .map((date) => date.getTime()),
  };
  if (column.name === 'schema_version') return fc.constant(SCHEMA_VERSION);
  return column.nullable ? fc.option(ofType[column.type]) : ofType[column.type];
}

function rowsOf(recordType: RecordType): fc.Arbitrary<Row[]> {
  return fc.array(
    fc.record(Object.fromEntries(recordType.columns.map((column) => [column.name, values(column)])), {
      noNullPrototype: true,
    }),
    { minLength: 1, maxLength: 12 },
  );
}

describe('convert', () => {
  const folder = temporaryFolder();

  for (const from of ENDINGS) {
    for (const to of ENDINGS) {
      it(`${from} to ${to} keeps every value`, async () => {
        const rows = edgeRows(POOL_TAG, 100);
        const [source, target] = [folder.path(`a.${from}`), folder.path(`a-from-${from}.${to}`)];
        await writeRecords(source, POOL_TAG, rows, { force: true });
        assert.deepEqual(await convertRecords(source, target), { recordType: POOL_TAG, records: 100 });
        assert.deepEqual(await readRecords(target), { recordType: POOL_TAG, rows });
      });
    }
  }

  for (const recordType of [POOL_TAG, POOL_TAG_CPU, IMAGE]) {
    it(`${recordType.name}: any rows through all formats in a row are the same`, async () => {
      await assertAsyncProperty(
        fc.asyncProperty(
          rowsOf(recordType),
          fc.shuffledSubarray([...ENDINGS], { minLength: ENDINGS.length }),
          async (rows, order) => {
            await writeRecords(folder.path(`0.${order[0]}`), recordType, rows, { force: true });
            for (let step = 1; step < order.length; step++) {
              await convertRecords(
                folder.path(`${step - 1}.${order[step - 1]}`),
                folder.path(`${step}.${order[step]}`),
                { force: true },
              );
            }
            assert.deepEqual(await readRecords(folder.path(`${order.length - 1}.${order.at(-1)}`)), {
              recordType,
              rows,
            });
          },
        ),
        { numRuns: 15 },
      );
    });
  }

  it('tells the record type from the records, and refuses another one', async () => {
    await writeRecords(folder.path('cpu.csv'), POOL_TAG_CPU, edgeRows(POOL_TAG_CPU, 3));
    await convertRecords(folder.path('cpu.csv'), `pool_tag_cpu=${folder.path('cpu.ndjson')}`);
    assert.equal((await readRecords(folder.path('cpu.ndjson'))).recordType, POOL_TAG_CPU);
    await assert.rejects(
      convertRecords(folder.path('cpu.csv'), `image=${folder.path('cpu.arrow')}`),
      (error) =>
        error instanceof PoolTrackerError &&
        error.code === 'USAGE' &&
        /holds pool_tag_cpu records, not image/.test(error.message),
    );
    assert.equal(existsSync(folder.path('cpu.arrow')), false);
  });

  it('an empty NDJSON file becomes a file of the named record type', async () => {
    await writeRecords(folder.path('none.ndjson'), IMAGE, []);
    assert.deepEqual(await convertRecords(folder.path('none.ndjson'), `image=${folder.path('none.parquet')}`), {
      recordType: IMAGE,
      records: 0,
    });
    assert.deepEqual(await readRecords(folder.path('none.parquet')), { recordType: IMAGE, rows: [] });
  });

  it('leaves nothing of the output when the input is damaged after many records', async () => {
    await writeRecords(folder.path('cut.csv'), POOL_TAG, edgeRows(POOL_TAG, 20_000));
    truncateSync(folder.path('cut.csv'), statSync(folder.path('cut.csv')).size - 20);
    const before = readdirSync(folder.path('.'));
    await assert.rejects(
      convertRecords(folder.path('cut.csv'), folder.path('cut.parquet')),
      (error) =>
        error instanceof PoolTrackerError &&
        error.code === 'RECORDS_DAMAGED' &&
        /cut\.csv: record 20000: /.test(error.message),
    );
    assert.deepEqual(readdirSync(folder.path('.')), before);
  });

  it('does not touch an output that exists, nor leave its input open', async () => {
    await writeRecords(folder.path('kept.arrow'), POOL_TAG, edgeRows(POOL_TAG, 3));
    await writeRecords(folder.path('kept.csv'), POOL_TAG, []);
    const before = readFileSync(folder.path('kept.csv'), 'utf8');
    await assert.rejects(
      convertRecords(folder.path('kept.arrow'), folder.path('kept.csv')),
      (error) => error instanceof PoolTrackerError && error.code === 'OUTPUT_EXISTS',
    );
    assert.equal(readFileSync(folder.path('kept.csv'), 'utf8'), before);
    assert.equal(openDescriptors(folder.path('kept.arrow')) ?? 0, 0);
  });
});
