import type { Column, ColumnType, Value } from './schema/record-type.js';

const FIRST_MILLISECOND = Date.parse('0001-01-01T00:00:00.000Z');
const LAST_MILLISECOND = Date.parse('9999-12-31T23:59:59.999Z');

interface ValueType {
  /** For messages: `expected …`. */
  readonly expected: string;
  holds(value: Value): boolean;
}

/** Which values a column of each type holds without loss, in every format that records are written in. */
const VALUE_TYPES: Readonly<Record<ColumnType, ValueType>> = {
  string: { expected: 'a string', holds: (value) => typeof value === 'string' },
  bool: { expected: 'true or false', holds: (value) => typeof value === 'boolean' },
  int32: { expected: 'an integer of 32 bits', holds: (value) => typeof value === 'number' && (value | 0) === value },
  uint32: { expected: 'an unsigned integer of 32 bits', holds: (value) => typeof value === 'number' && value >>> 0 === value },
  int64: { expected: 'a bigint of 64 bits', holds: (value) => typeof value === 'bigint' && BigInt.asIntN(64, value) === value },
  float64: { expected: 'a finite number', holds: (value) => typeof value === 'number' && Number.isFinite(value) },
  timestamp: {
    expected: 'whole milliseconds since 1970 within the years 1 to 9999',
    holds: (value) => typeof value === 'number' && Number.isInteger(value) && value >= FIRST_MILLISECOND && value <= LAST_MILLISECOND,
  },
};

/** What is wrong with a value for a column, or null when it fits. */
export function misfit(column: Column, value: Value | undefined): string | null {
  if (value === null || value === undefined) return column.nullable ? null : `column ${column.name} may not be null`;
  const type = VALUE_TYPES[column.type];
  if (type.holds(value)) return null;
  const shown = typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : String(value);
  return `column ${column.name}: expected ${type.expected}, found ${shown} (${typeof value})`;
}
