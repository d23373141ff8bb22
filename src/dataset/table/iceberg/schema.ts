import { FIRST_FOLDER_FIELD_ID, fieldId } from '../../../record/schema/field-ids.js';
import type { ColumnType, RecordType } from '../../../record/schema/record-type.js';

/** The types of Iceberg that columns have here. */
export type IcebergType = 'string' | 'boolean' | 'int' | 'long' | 'double' | 'timestamptz' | 'date';

/** A column of a table, as its metadata states it. */
export interface IcebergField {
  readonly id: number;
  readonly name: string;
  readonly required: false;
  readonly type: IcebergType;
  readonly doc?: string;
}

/** The columns of a table at one time. */
export interface IcebergSchema {
  readonly type: 'struct';
  readonly 'schema-id': number;
  readonly fields: readonly IcebergField[];
}

/**
 * A key of folders as a partition field: the value as it is, but `date`, which is the day of `captured_at`. So the table
 * needs no column `date`, which no file has: not every engine takes the values of such columns from the partitions.
 */
export interface PartitionField {
  readonly name: string;
  readonly transform: 'identity' | 'day';
  /** Of the column. */
  readonly 'source-id': number;
  /** Of the partition field, from 1000 on. */
  readonly 'field-id': number;
}

/** The keys of the folders that some of a table's files lie in. */
export interface PartitionSpec {
  readonly 'spec-id': number;
  readonly fields: readonly PartitionField[];
}

/** Iceberg has no type without a sign: what has 32 bits without one is a long. */
const TYPES: Readonly<Record<ColumnType, IcebergType>> = {
  string: 'string',
  bool: 'boolean',
  int32: 'int',
  uint32: 'long',
  int64: 'long',
  float64: 'double',
  timestamp: 'timestamptz',
};

const UNSIGNED =
  'Iceberg has no unsigned type, and engines on its Java library may show values from 2^31 on as negative.';

/**
 * The columns of a table: those of the record type, then those that only the names of folders have. All may be null:
 * files of older schema versions lack some. A column of folders stays when their key is left out, since files and earlier
 * versions of the table still have it.
 * @param keys the keys of the dataset's folders
 * @param before the columns until now
 * @throws Error for a column without a field id, which a test rules out
 */
export function fieldsOf(
  { columns }: RecordType,
  keys: readonly string[],
  before: readonly IcebergField[],
): readonly IcebergField[] {
  const own = columns.map(({ name, type, description }): IcebergField => {
    const id = fieldId(name);
    if (id === null) throw new Error(`column ${name} has no field id`);
    const doc = type === 'uint32' ? `${description} ${UNSIGNED}` : description;
    return { id, name, required: false, type: TYPES[type], doc };
  });
  const folders = before.filter(({ id, name }) => id >= FIRST_FOLDER_FIELD_ID && own.every((one) => one.name !== name));
  let next = Math.max(FIRST_FOLDER_FIELD_ID - 1, ...before.map(({ id }) => id)) + 1;
  for (const name of keys.map(sourceOf)) {
    if ([...own, ...folders].some((one) => one.name === name)) continue;
    const doc = `In the names of folders, not in the files: ${name}=…; the column labels has it as well.`;
    folders.push({ id: next++, name, required: false, type: 'string', doc });
  }
  return [...own, ...folders];
}

/** The column that a key's values follow from. */
export function sourceOf(key: string): string {
  return key === 'date' ? 'captured_at' : key;
}

/** The type of a partition field's values. */
export function partitionType(field: PartitionField, columns: readonly IcebergField[]): IcebergType {
  return field.transform === 'day' ? 'date' : (columns.find(({ id }) => id === field['source-id'])?.type ?? 'string');
}

/** `schema.name-mapping.default`: how columns are found in files without field ids, as earlier versions wrote them. */
export function nameMapping(fields: readonly IcebergField[]): string {
  return JSON.stringify(fields.map(({ id, name }) => ({ 'field-id': id, names: [name] })));
}

export function sameFields(a: readonly IcebergField[], b: readonly IcebergField[]): boolean {
  const text = (fields: readonly IcebergField[]): string =>
    JSON.stringify(fields.map(({ id, name, type, doc }) => [id, name, type, doc ?? null]));
  return text(a) === text(b);
}
