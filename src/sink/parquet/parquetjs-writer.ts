import parquet from 'parquetjs-lite';
import thrift from 'parquetjs-lite/gen-nodejs/parquet_types.js';
import logicalTypes from 'parquetjs-lite/lib/types.js';
import { messageOf, PoolTrackerError } from '../../errors.js';
import { columnIds } from '../../record/schema/record-types.js';
import { fileMetadata } from '../../record/schema/file-metadata.js';
import { ColumnRowReader } from '../../record/columns/column-values.js';
import type { ColumnType, RecordType, Row, Value } from '../../record/schema/record-type.js';
import type { EncodeColumns, ParquetCompression } from '../sink.js';

/** parquetjs-lite holds a row group as JavaScript values, several times the size that it has in the file. */
const ROW_GROUP_ROWS = 16_384;

const PARQUET_TYPES: Readonly<Record<ColumnType, string>> = {
  string: 'UTF8',
  bool: 'BOOLEAN',
  int32: 'INT_32',
  uint32: 'UINT_32',
  int64: 'INT_64',
  float64: 'DOUBLE',
  timestamp: 'TIMESTAMP_MILLIS',
};

const COMPRESSION = { zstd: 'GZIP', gzip: 'GZIP', snappy: 'SNAPPY', none: 'UNCOMPRESSED' } as const satisfies Record<
  ParquetCompression,
  string
>;

/**
 * Makes parquetjs-lite exact: it parses 64-bit integers with parseInt, that is as doubles, and rejects unsigned 32-bit
 * ones from 2^31 on. Values are converted by the name of their converted type, so these entries are replaced; for other
 * numbers the results stay the same.
 */
function makeExact(): void {
  const { PARQUET_LOGICAL_TYPES: types } = logicalTypes;
  types['INT_64']!.toPrimitive = (value) => BigInt(value as bigint | number | string);
  types['UINT_32']!.toPrimitive = (value) => Number(value) | 0;
}

/** Of the columns of the file whose footer is being written, which is done in one go. */
let footerIds: ReadonlyMap<string, number> | null = null;

/**
 * Makes parquetjs-lite write the ids of columns, and say that its times are instants in UTC. It writes the converted type
 * TIMESTAMP_MILLIS alone, which means the same by the format's rules, but readers take it for a time of no zone.
 */
function makeComplete(): void {
  const { SchemaElement, LogicalType, TimestampType, TimeUnit, MilliSeconds, ConvertedType } = thrift;
  if (SchemaElement.prototype.write.name === 'writeComplete') return;
  const { write } = SchemaElement.prototype;
  SchemaElement.prototype.write = function writeComplete(output): void {
    this.field_id ??= footerIds?.get(this.name) ?? null;
    if (this.converted_type === ConvertedType.TIMESTAMP_MILLIS)
      this.logicalType ??= new LogicalType({
        TIMESTAMP: new TimestampType({ isAdjustedToUTC: true, unit: new TimeUnit({ MILLIS: new MilliSeconds() }) }),
      });
    write.call(this, output);
  };
}

/**
 * A string that is compared by its UTF-8 bytes, as Parquet orders strings in its statistics. JavaScript orders them by
 * UTF-16 units, which puts U+FF5E after U+1F600.
 */
class Utf8String {
  private readonly bytes: string;

  constructor(private readonly text: string) {
    this.bytes = Buffer.from(text, 'utf8').toString('latin1');
  }

  /** What Buffer.from takes. */
  valueOf(): string {
    return this.text;
  }

  /** What `<` and `>` take. */
  [Symbol.toPrimitive](): string {
    return this.bytes;
  }
}

/** Returns the same object for equal values, so that parquetjs-lite counts distinct values correctly. */
class RowGroupValues {
  private readonly strings = new Map<string, Utf8String>();
  private readonly dates = new Map<number, Date>();

  string(text: string): Utf8String {
    return this.strings.get(text) ?? keep(this.strings, text, new Utf8String(text));
  }

  /** As a Date, because numbers before 1970 are rejected. */
  timestamp(milliseconds: number): Date {
    return this.dates.get(milliseconds) ?? keep(this.dates, milliseconds, new Date(milliseconds));
  }

  clear(): void {
    this.strings.clear();
    this.dates.clear();
  }
}

function keep<K, V>(map: Map<K, V>, key: K, value: V): V {
  map.set(key, value);
  return value;
}

function parquetRow(row: Row, recordType: RecordType, values: RowGroupValues): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const { name, type } of recordType.columns) {
    const value: Value = row[name]!;
    if (value === null) continue;
    if (type === 'string') out[name] = values.string(value as string);
    else if (type === 'timestamp') out[name] = values.timestamp(value as number);
    else out[name] = value;
  }
  return out;
}

/** Parquet by parquetjs-lite, which is plain JavaScript: for environments without WebAssembly. */
export const encodeWithParquetJs: EncodeColumns = async function* (batches, recordType, options) {
  makeExact();
  makeComplete();
  const rowGroupSize = options.rowGroupRows ?? ROW_GROUP_ROWS;
  const compression = COMPRESSION[options.parquetCompression ?? 'zstd'];
  const schema = new parquet.ParquetSchema(
    Object.fromEntries(
      recordType.columns.map((column) => [
        column.name,
        { type: PARQUET_TYPES[column.type], optional: column.nullable, compression },
      ]),
    ),
  );
  const written: Buffer[] = [];
  // Its page index would lack the list of empty pages, which the format requires.
  const writerOptions = { rowGroupSize, pageIndex: false };
  const envelope = new parquet.ParquetEnvelopeWriter(
    schema,
    (bytes) => {
      written.push(bytes);
    },
    () => undefined,
    0,
    writerOptions,
  );
  const writeFooter = envelope.writeFooter.bind(envelope);
  const ids = columnIds(recordType);
  envelope.writeFooter = (metadata) => {
    footerIds = ids;
    try {
      return writeFooter(metadata);
    } finally {
      footerIds = null;
    }
  };
  const writer = new parquet.ParquetWriter(schema, envelope, writerOptions);
  for (const [key, value] of fileMetadata(recordType)) writer.setMetadata(key, value);
  const reader = new ColumnRowReader(recordType);
  const values = new RowGroupValues();
  let rows = 0;
  for await (const batch of batches) {
    for (const row of reader.rows(batch)) {
      await writer.appendRow(parquetRow(row, recordType, values)).catch(refused);
      if (++rows % rowGroupSize === 0) {
        values.clear();
        yield* written.splice(0);
      }
    }
  }
  await writer.close().catch(refused);
  yield* written.splice(0);
};

/** parquetjs-lite throws strings. */
function refused(error: unknown): never {
  throw new PoolTrackerError('INTERNAL', `parquetjs-lite: ${messageOf(error)}`, { cause: error });
}
