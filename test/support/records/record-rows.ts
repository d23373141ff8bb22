import { POOL_TAG } from '../../../src/record/schema/record-types.js';
import type { Column, RecordType, Row, Value } from '../../../src/record/schema/record-type.js';
import { SCHEMA_VERSION } from '../../../src/record/schema/record-type.js';

/** Integers that a double, a signed or an unsigned reading would get wrong. */
export const EDGE_INT64: readonly bigint[] = [
  2n ** 53n + 1n,
  -1n,
  2n ** 63n - 1n,
  -(2n ** 63n),
  0n,
  -(2n ** 53n) - 1n,
  1n,
];
export const EDGE_KEYS: readonly number[] = [0x80000000, 0xffffffff, 0, 0x7fffffff, 0x636f7250];

/** Four-byte tags that between them have every byte value, in their printable form. */
export const EDGE_TAGS: readonly string[] = Array.from({ length: 64 }, (_, first) =>
  Array.from({ length: 4 }, (__, index) => {
    const byte = first * 4 + index;
    return byte >= 0x20 && byte < 0x7f && byte !== 0x5c
      ? String.fromCharCode(byte)
      : `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join(''),
);

const EDGE_STRINGS: readonly string[] = [
  '',
  ' ',
  'a,b',
  '"quoted" \'single\'',
  'line\nfeed',
  'carriage\r\nreturn',
  '\u0000nul',
  'C:\\dumps\\mem.raw',
  '\uff5e',
  '\u{1f600}',
  'ÿ',
  'x'.repeat(300),
  'null',
  'true',
  '{"host":"a"}',
];
const CAPTURED_AT = [1_609_459_200_123, -1, 0, 253_402_300_799_999, -62_135_596_800_000];

function value(column: Column, row: number): Value {
  const salt = [...column.name].reduce((sum, char) => sum + char.charCodeAt(0), row);
  if (column.nullable && salt % 3 === 0) return null;
  switch (column.type) {
    case 'string':
      return column.name === 'tag' ? EDGE_TAGS[row % EDGE_TAGS.length]! : EDGE_STRINGS[salt % EDGE_STRINGS.length]!;
    case 'bool':
      return salt % 2 === 0;
    case 'int32':
      return [0, -1, 2 ** 31 - 1, -(2 ** 31), row % 1000][salt % 5]!;
    case 'uint32':
      return row < EDGE_KEYS.length ? EDGE_KEYS[row]! : (salt * 2_654_435_761) % 2 ** 32;
    case 'int64':
      return row < 100 ? EDGE_INT64[salt % EDGE_INT64.length]! : BigInt.asIntN(64, BigInt(salt) * 0x9e3779b97f4a7c15n);
    case 'float64':
      return [0.5, 1, -0.1, 5e-324, 1.7976931348623157e308][salt % 5]!;
    case 'timestamp':
      return CAPTURED_AT[salt % CAPTURED_AT.length]!;
  }
}

/** Rows of a record type whose values are the ones that go wrong, in every column; always the same ones. */
export function edgeRows(recordType: RecordType, count: number): Row[] {
  return Array.from({ length: count }, (_, row) =>
    Object.fromEntries(
      recordType.columns.map((column): [string, Value] => [
        column.name,
        column.name === 'schema_version' ? SCHEMA_VERSION : value(column, row),
      ]),
    ),
  );
}

/** One plain pool_tag row, with what a test wants different. */
export function poolTagRow(overrides: Partial<Row> = {}): Row {
  const plain: Record<string, Value> = {};
  for (const column of POOL_TAG.columns) {
    plain[column.name] = column.nullable
      ? null
      : ({ string: 'x', bool: true, int32: 1, uint32: 1, int64: 1n, float64: 1, timestamp: 0 } as const)[column.type];
  }
  return { ...plain, tag: 'Proc', key: 0x636f7250, ...overrides } as Row;
}
