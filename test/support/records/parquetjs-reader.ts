import parquet from 'parquetjs-lite';
import codecs from 'parquetjs-lite/lib/codec/index.js';
import logicalTypes from 'parquetjs-lite/lib/types.js';
import type { Column, RecordType, Row, Value } from '../../../src/record/schema/record-type.js';

/**
 * parquetjs-lite knows dictionary pages only under their old name, and reads repeated indices over 255 wrong; this is
 * Parquet's RLE/bit-packed hybrid as its Encodings.md has it.
 */
codecs['RLE_DICTIONARY'] = {
  decodeValues(_type, cursor, count) {
    const bitWidth = cursor.buffer[cursor.offset++]!;
    const values: number[] = [];
    while (values.length < count) {
      const header = varint(cursor);
      if ((header & 1) === 0) {
        const byteWidth = Math.ceil(bitWidth / 8);
        const value = byteWidth === 0 ? 0 : cursor.buffer.readUIntLE(cursor.offset, byteWidth);
        cursor.offset += byteWidth;
        for (let index = 0; index < header >> 1; index++) values.push(value);
        continue;
      }
      const packed = (header >> 1) * 8;
      for (let index = 0; index < packed; index++) {
        let value = 0;
        for (let bit = 0; bit < bitWidth; bit++) {
          const at = index * bitWidth + bit;
          value |= ((cursor.buffer[cursor.offset + (at >> 3)]! >> (at & 7)) & 1) << bit;
        }
        values.push(value);
      }
      cursor.offset += (packed * bitWidth) / 8;
    }
    return values.slice(0, count);
  },
};

function varint(cursor: { buffer: Buffer; offset: number }): number {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = cursor.buffer[cursor.offset++]!;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
}

/** The reader gives 64-bit integers as bigints, and then cannot make dates of them. */
logicalTypes.PARQUET_LOGICAL_TYPES['TIMESTAMP_MILLIS']!.fromPrimitive = (value) => new Date(Number(value));

/** Values of a dictionary come as text, 32-bit ones signed, timestamps as Date. */
function valueOf(column: Column, read: unknown): Value {
  if (read === undefined || read === null) return null;
  switch (column.type) {
    case 'string':
      return String(read);
    case 'bool':
      return read as boolean;
    case 'int32':
    case 'float64':
      return Number(read);
    case 'uint32':
      return Number(read) >>> 0;
    case 'int64':
      return BigInt(read as string | bigint);
    case 'timestamp':
      return (read as Date).getTime();
  }
}

/** All rows of a Parquet file, by parquetjs-lite's own reader; codecs gzip and snappy only. */
export async function readWithParquetJs(
  path: string,
  recordType: RecordType,
): Promise<{ rows: Row[]; rowGroups: number; metadata: Record<string, string> }> {
  const reader = await parquet.ParquetReader.openFile(path);
  try {
    const cursor = reader.getCursor();
    const rows: Row[] = [];
    for (let row = await cursor.next(); row !== null; row = await cursor.next()) {
      const read = row;
      rows.push(
        Object.fromEntries(
          recordType.columns.map((column): [string, Value] => [column.name, valueOf(column, read[column.name])]),
        ),
      );
    }
    return { rows, rowGroups: reader.metadata.row_groups.length, metadata: reader.getMetadata() };
  } finally {
    await reader.close();
  }
}
