import type { RecordType, Row, RowOf, Value } from '../schema/record-type.js';

/** A row with every column of its type, as the compiler is told: null in those that it lacks. */
export function typedRow<Type extends RecordType>({ columns }: Type, row: Row): RowOf<Type> {
  const isWhole = columns.every(({ name }) => row[name] !== undefined);
  const whole = isWhole
    ? row
    : Object.fromEntries(columns.map(({ name }): [string, Value] => [name, row[name] ?? null]));
  return whole as RowOf<Type>;
}
