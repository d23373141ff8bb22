import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  Dictionary,
  Field,
  Int32,
  Int64,
  LargeUtf8,
  RecordBatch,
  Schema,
  Struct,
  TimestampMicrosecond,
  Uint8,
  Utf8,
  type Vector,
  makeData,
  vectorFromArray,
  type Data,
} from 'apache-arrow';
import { PoolTrackerError } from '../../src/errors.js';
import { ColumnReader } from '../../src/record/arrow/column-reader.js';
import { POOL_TAG } from '../../src/record/schema/record-types.js';
import { RecordBatchBuilder } from '../../src/record/arrow/record-batches.js';
import type { ColumnBatch } from '../../src/record/columns/column-data.js';
import { ColumnBatchBuilder } from '../../src/record/columns/columns-of-rows.js';
import { batchesOfRows, RowReader, rowsOfBatches } from '../../src/record/arrow/record-batches.js';
import { column, nullableColumn, type Row } from '../../src/record/schema/record-type.js';
import { RECORD_TYPES } from '../../src/record/schema/record-types.js';
import { edgeRows, poolTagRow } from '../support/records/record-rows.js';

/** Copies of all that a batch holds. */
const contentOf = ({ columns }: ColumnBatch): unknown[] =>
  columns.map((data) => [
    data?.nullCount,
    Array.from(data?.nullBitmap ?? []),
    Array.from<unknown>(data?.values ?? []),
    data?.dictionary?.data.map(({ valueOffsets, values }) => [Array.from(valueOffsets), Array.from(values)]),
  ]);

describe('record batches', () => {
  for (const recordType of RECORD_TYPES) {
    for (const batchRows of [1, 7, 8, 9, 300]) {
      it(`${recordType.name}: rows in batches of ${batchRows} come back as they were`, async () => {
        const rows = edgeRows(recordType, 100);
        const back: Row[] = [];
        let batches = 0;
        await pipeline(
          Readable.from(rows),
          batchesOfRows(recordType, batchRows),
          async function* (source: AsyncIterable<RecordBatch>) {
            for await (const batch of source) {
              batches++;
              yield batch;
            }
          },
          rowsOfBatches(recordType),
          async (source: AsyncIterable<Row>) => {
            for await (const row of source) back.push(row);
          },
        );
        assert.deepEqual(back, rows);
        assert.equal(batches, Math.ceil(100 / batchRows));
      });
    }
  }

  it('batches taken before stay as they were', () => {
    const builder = new RecordBatchBuilder(POOL_TAG, 4);
    const reader = new RowReader(POOL_TAG);
    const rows = edgeRows(POOL_TAG, 12);
    const batches = [0, 4, 8].map((start) => {
      for (const row of rows.slice(start, start + 4)) builder.append(row);
      return builder.take();
    });
    assert.deepEqual(
      batches.flatMap((batch) => [...reader.rows(batch)]),
      rows,
    );
  });

  it('dictionaries grow by a chunk a batch, and only when there is something new', () => {
    const builder = new RecordBatchBuilder(POOL_TAG, 2);
    const tags = POOL_TAG.columns.findIndex(({ name }) => name === 'tag');
    const dictionaryOf = (...names: string[]): Vector => {
      for (const tag of names) builder.append(poolTagRow({ tag }));
      return builder.take().data.children[tags]!.dictionary!;
    };
    const [first, second, third] = [dictionaryOf('A', 'B'), dictionaryOf('B', 'C'), dictionaryOf('A', 'C')];
    assert.deepEqual(
      [first, second, third].map((dictionary) => dictionary!.toArray()),
      [
        ['A', 'B'],
        ['A', 'B', 'C'],
        ['A', 'B', 'C'],
      ],
    );
    assert.equal(second!.data[0], first!.data[0]);
    assert.equal(third, second);
  });

  it('refuses values that a column cannot hold exactly', () => {
    const refused: readonly (readonly [Partial<Row>, RegExp])[] = [
      [{ nonpaged_bytes: 1 }, /column nonpaged_bytes: expected a bigint of 64 bits, found 1 \(number\)/],
      [{ nonpaged_bytes: 2n ** 63n }, /found 9223372036854775808 \(bigint\)/],
      [{ key: -1 }, /column key: expected an unsigned integer of 32 bits, found -1/],
      [{ key: 2 ** 32 }, /column key/],
      [{ slot: 0.5 }, /column slot: expected an integer of 32 bits/],
      [{ tag: null }, /column tag may not be null/],
      [{ captured_at: 253_402_300_800_000 }, /column captured_at: expected whole milliseconds/],
      [{ complete: 1 }, /column complete: expected true or false/],
      [{ host: 5n }, /column host: expected a string/],
    ];
    for (const [changes, message] of refused) {
      const builder = new RecordBatchBuilder(POOL_TAG);
      assert.throws(
        () => builder.append(poolTagRow(changes)),
        (error) => error instanceof PoolTrackerError && error.code === 'INTERNAL' && message.test(error.message),
      );
    }
  });
});

describe('columns of other writers', () => {
  const read = (type: Parameters<typeof column>[1], data: Data): unknown[] => {
    const value = new ColumnReader(nullableColumn('c', type, '')).open(data);
    return Array.from({ length: data.length }, (_, row) => value(row));
  };
  const refuses = (type: Parameters<typeof column>[1], data: Data, message: RegExp): void =>
    assert.throws(
      () => read(type, data),
      (error) => error instanceof PoolTrackerError && error.code === 'RECORDS_DAMAGED' && message.test(error.message),
    );

  it('integers of another width, timestamps in microseconds, strings without a dictionary', () => {
    assert.deepEqual(read('int64', vectorFromArray([1, null, -3], new Int32()).data[0]!), [1n, null, -3n]);
    assert.deepEqual(read('int32', vectorFromArray([1n, -3n], new Int64()).data[0]!), [1, -3]);
    assert.deepEqual(read('uint32', vectorFromArray([1, 255], new Uint8()).data[0]!), [1, 255]);
    assert.deepEqual(read('string', vectorFromArray(['a', null, ''], new Utf8()).data[0]!), ['a', null, '']);
    const micros = makeData({
      type: new TimestampMicrosecond('UTC'),
      length: 2,
      nullCount: 0,
      data: BigInt64Array.of(1_500_999n, -1000n),
    });
    assert.deepEqual(read('timestamp', micros), [1500, -1]);
  });

  it('other types are refused', () => {
    refuses('int64', vectorFromArray(['1'], new Utf8()).data[0]!, /column c: expected int64, found Arrow type Utf8/);
    refuses('string', vectorFromArray([1], new Int32()).data[0]!, /expected string, found Arrow type Int32/);
    refuses('string', vectorFromArray(['a'], new LargeUtf8()).data[0]!, /LargeUtf8/);
  });

  it('buffers shorter than the column are refused before they are read', () => {
    refuses(
      'int64',
      makeData({ type: new Int64(), length: 3, nullCount: 0, data: BigInt64Array.of(1n) }),
      /its buffers are shorter/,
    );
    refuses(
      'string',
      makeData({
        type: new Utf8(),
        length: 2,
        nullCount: 0,
        valueOffsets: Int32Array.of(0, 5, 9),
        data: Buffer.from('short'),
      }),
      /its buffers are shorter/,
    );
    refuses(
      'string',
      makeData({
        type: new Utf8(),
        length: 2,
        nullCount: 0,
        valueOffsets: Int32Array.of(0, 3, 1),
        data: Buffer.from('short'),
      }),
      /its buffers are shorter/,
    );
    const dictionary = vectorFromArray(['a', 'b'], new Utf8());
    refuses(
      'string',
      makeData({
        type: new Dictionary(new Utf8(), new Int32()),
        length: 2,
        nullCount: 0,
        data: Int32Array.of(0, 2),
        dictionary,
      }),
      /its buffers are shorter/,
    );
  });

  it('a batch that was taken stays as it was, however much of its room it filled', () => {
    for (const recordType of RECORD_TYPES) {
      const builder = new ColumnBatchBuilder(recordType, 8);
      const rows = edgeRows(recordType, 60);
      const sizes = [8, 1, 5, 8, 3, 4, 8, 7, 0, 2, 6];
      let at = 0;
      const taken = sizes.map((size) => {
        for (const row of rows.slice(at, at + size)) builder.append(row);
        at += size;
        const batch = builder.take();
        return { batch, was: contentOf(batch) };
      });
      for (const { batch, was } of taken) assert.deepEqual(contentOf(batch), was, recordType.name);
    }
  });

  it('a nullable column that a batch lacks is null', () => {
    const key = vectorFromArray([1, 2], new Int32()).data[0]!;
    const schema = new Schema([new Field('key', new Int32(), false)]);
    const batch = new RecordBatch(
      schema,
      makeData({ type: new Struct(schema.fields), length: 2, nullCount: 0, children: [key] }),
    );
    const type = {
      name: 'small',
      description: '',
      columns: [column('key', 'int32', ''), nullableColumn('host', 'string', '')],
    };
    assert.deepEqual(
      [...new RowReader(type).rows(batch)],
      [
        { key: 1, host: null },
        { key: 2, host: null },
      ],
    );
  });
});
