import { SCHEMA_VERSION, type Column, type RecordType } from './record-type.js';

type JsonSchema = Readonly<Record<string, unknown>>;

/** Stand-ins for the ends of the 64-bit range, which JSON.stringify would round. */
const INT64_RANGE = { minimum: '-9223372036854775808n', maximum: '9223372036854775807n' };

function typeSchema(column: Column): { type: string[] } & JsonSchema {
  switch (column.type) {
    case 'string':
      return { type: ['string'] };
    case 'bool':
      return { type: ['boolean'] };
    case 'int32':
      return { type: ['integer'], minimum: -(2 ** 31), maximum: 2 ** 31 - 1 };
    case 'uint32':
      return { type: ['integer'], minimum: 0, maximum: 2 ** 32 - 1 };
    // A string when written with --bigint string.
    case 'int64':
      return { type: ['integer', 'string'], ...INT64_RANGE, pattern: '^-?[0-9]{1,19}$' };
    case 'float64':
      return { type: ['number'] };
    case 'timestamp':
      return {
        type: ['string'],
        format: 'date-time',
        pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$',
      };
  }
}

function columnSchema(column: Column): JsonSchema {
  const { type, ...rest } = typeSchema(column);
  const types = column.nullable ? [...type, 'null'] : type;
  return { description: column.description, type: types.length === 1 ? types[0] : types, ...rest };
}

/**
 * The JSON Schema (2020-12) of one record in NDJSON, as text. Unknown columns are allowed, since a later version may
 * add nullable ones.
 */
export function jsonSchemaText(recordType: RecordType): string {
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: recordType.name,
    description: `${recordType.description} Schema version ${SCHEMA_VERSION}.`,
    type: 'object',
    required: recordType.columns.map((column) => column.name),
    properties: Object.fromEntries(recordType.columns.map((column) => [column.name, columnSchema(column)])),
  };
  return `${JSON.stringify(schema, null, 2).replace(/"(-?\d+)n"/g, '$1')}\n`;
}
