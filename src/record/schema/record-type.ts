/*
 * The schema is defined here and nowhere else: Arrow, Parquet, JSON Schema and DuckDB definitions all follow from these
 * column lists. Types are those that every lake engine reads without a cast: no unsigned 64-bit, UTC timestamps.
 */

/** Version of the schema, in every record. Bumped when a column changes its name, type or meaning; a new nullable column does not bump it. */
export const SCHEMA_VERSION = 2;

/**
 * The types that a column can have.
 *
 * - `string`: UTF-8, dictionary-encoded in Arrow and Parquet
 * - `int64`: a bigint in rows; counters always have this type
 * - `timestamp`: milliseconds since 1970 UTC, a number in rows
 */
export type ColumnType = 'string' | 'bool' | 'int32' | 'uint32' | 'int64' | 'float64' | 'timestamp';

/** A column of a record type. */
export interface Column {
  /** snake_case. */
  readonly name: string;
  /** Which values it holds. */
  readonly type: ColumnType;
  /** Whether a row may have null in it, or lack it. */
  readonly nullable: boolean;
  /** One sentence: what it is, its unit, when it is null. Goes into the JSON Schema. */
  readonly description: string;
}

/** A value in a row: of `string`, of `bool`, of `int32`, `uint32`, `float64` or `timestamp`, of `int64`; null in a nullable column. */
export type Value = string | boolean | number | bigint | null;

/** A record before it is packed into columns: one value for each column of its type. */
export type Row = Readonly<Record<string, Value>>;

/** A kind of records: its name and its columns, in order. */
export interface RecordType {
  /** As `-o RECORD=FILE` takes it. */
  readonly name: string;
  /** One sentence: what a record is. Goes into the JSON Schema. */
  readonly description: string;
  /** In the order of every format that has one. */
  readonly columns: readonly Column[];
}

/** A column of which the types of rows know the name and the type: see `RowOf`. */
export interface NamedColumn<Name extends string, Type extends ColumnType, Nullable extends boolean> extends Column {
  readonly name: Name;
  readonly type: Type;
  readonly nullable: Nullable;
}

export function column<const Name extends string, const Type extends ColumnType>(
  name: Name,
  type: Type,
  description: string,
): NamedColumn<Name, Type, false> {
  return { name, type, nullable: false, description };
}

export function nullableColumn<const Name extends string, const Type extends ColumnType>(
  name: Name,
  type: Type,
  description: string,
): NamedColumn<Name, Type, true> {
  return { name, type, nullable: true, description };
}

interface ValueOf {
  readonly string: string;
  readonly bool: boolean;
  readonly int32: number;
  readonly uint32: number;
  readonly int64: bigint;
  readonly float64: number;
  readonly timestamp: number;
}

/** The row that columns make: each is there, and null where it may be and is. */
type RowOfColumns<Columns extends readonly Column[]> = {
  readonly [One in Columns[number] as One['name']]:
    ValueOf[One['type']] | (One['nullable'] extends true ? null : never);
};

declare const row: unique symbol;

/** A record type of which the compiler knows the rows. */
export interface TypedRecordType<Name extends string, TypedRow> extends RecordType {
  readonly name: Name;
  /** For the compiler alone. */
  readonly [row]?: TypedRow;
}

/** The row of a record type, by the names of its columns; counters are bigints. */
export type RowOf<Type extends RecordType> = Type extends TypedRecordType<string, infer TypedRow> ? TypedRow : Row;

export function recordType<const Name extends string, const Columns extends readonly Column[]>(type: {
  readonly name: Name;
  readonly description: string;
  readonly columns: Columns;
}): TypedRecordType<Name, RowOfColumns<Columns>> {
  return type;
}

/** What every record begins with, so that any of them can be joined and partitioned alike. */
export const IDENTITY_COLUMNS = [
  column('schema_version', 'int32', 'Version of this schema.'),
  column('image_id', 'string', 'Identity of the memory content: the same memory in another container has the same id.'),
  column('image_path', 'string', 'The image as it was named, without credentials.'),
  nullableColumn(
    'system',
    'int32',
    'Which system of the image: 0 the one that is answered for by default, then the others that lie in its memory (--all-systems); null before schema version 2, as 0.',
  ),
  nullableColumn('host', 'string', 'The label host; null when none was given.'),
  nullableColumn('labels', 'string', 'All labels as a JSON object in text; null when none was given.'),
  nullableColumn(
    'captured_at',
    'timestamp',
    'System time of the image, UTC; null when unknown. Of a failed image that of its container or file, as captured_at_source in its image record says.',
  ),
] as const satisfies readonly Column[];

/** Which kernel the counts are of. */
export const KERNEL_COLUMNS = [
  nullableColumn(
    'windows_version',
    'string',
    'Windows version, as precise as it is known (10.0.19041.1466, else 10.0.19041).',
  ),
  nullableColumn('arch', 'string', 'Architecture: x64, x86 or arm64.'),
  nullableColumn(
    'kernel_guid',
    'string',
    "GUID of the kernel's PDB, 32 upper-case hexadecimal digits; null when unknown.",
  ),
] as const satisfies readonly Column[];

/** A tag and where its entry lies. */
export const TAG_COLUMNS = [
  column(
    'tag',
    'string',
    'The four bytes of the tag, lowest address first; unprintable bytes and the backslash as \\xNN.',
  ),
  column('key', 'uint32', 'The key as stored, bit 31 (PROTECTED_POOL) included.'),
  column('protected', 'bool', 'Whether bit 31 of the key is set.'),
] as const satisfies readonly Column[];

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
  uint32: {
    expected: 'an unsigned integer of 32 bits',
    holds: (value) => typeof value === 'number' && value >>> 0 === value,
  },
  int64: {
    expected: 'a bigint of 64 bits',
    holds: (value) => typeof value === 'bigint' && BigInt.asIntN(64, value) === value,
  },
  float64: { expected: 'a finite number', holds: (value) => typeof value === 'number' && Number.isFinite(value) },
  timestamp: {
    expected: 'whole milliseconds since 1970 within the years 1 to 9999',
    holds: (value) =>
      typeof value === 'number' && Number.isInteger(value) && value >= FIRST_MILLISECOND && value <= LAST_MILLISECOND,
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
