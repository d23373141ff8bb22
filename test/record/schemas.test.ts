import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { schemaFiles } from '../../scripts/make-schemas.js';
import { arrowSchema } from '../../src/record/arrow/arrow-schema.js';
import { FIRST_FOLDER_FIELD_ID, fieldId } from '../../src/record/schema/field-ids.js';
import { RECORD_TYPES } from '../../src/record/schema/record-types.js';
import { queryDuckdb, queryRows } from '../support/records/duckdb.js';
import { edgeRows } from '../support/records/record-rows.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';
import { writeRecords } from '../support/records/write-records.js';

const SCHEMAS = new URL('../../schemas/', import.meta.url);

interface ArrowFieldJson {
  readonly name: string;
  readonly nullable: boolean;
  readonly type: { readonly name: string; readonly bitWidth?: number; readonly isSigned?: boolean };
  readonly dictionary?: { readonly id: number };
}

describe('schemas/', () => {
  const folder = temporaryFolder();

  it('holds what the record types say; after a change run: npx tsx scripts/make-schemas.ts', () => {
    const files = schemaFiles();
    assert.deepEqual(readdirSync(SCHEMAS).sort(), [...files.keys()].sort());
    for (const [name, text] of files) assert.equal(readFileSync(new URL(name, SCHEMAS), 'utf8'), text, name);
  });

  it('every column has a field id of its own, which stays', () => {
    const names = [...new Set(RECORD_TYPES.flatMap(({ columns }) => columns.map(({ name }) => name)))];
    const ids = names.map(fieldId);
    assert.ok(!ids.includes(null), names[ids.indexOf(null)]);
    assert.equal(new Set(ids).size, names.length);
    assert.ok(ids.every((id) => id! < FIRST_FOLDER_FIELD_ID));
    // Files are out there with these.
    const known = ['schema_version', 'image_id', 'tag', 'key', 'nonpaged_bytes', 'status', 'pid', 'tool', 'count'];
    assert.deepEqual(known.map(fieldId), [1, 2, 11, 12, 17, 39, 80, 113, 120]);
  });

  for (const recordType of RECORD_TYPES) {
    const schema = JSON.parse(readFileSync(new URL(`${recordType.name}.schema.json`, SCHEMAS), 'utf8')) as {
      properties: object;
    };
    const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true, validateFormats: false }).compile(schema);

    for (const bigint of ['number', 'string'] as const) {
      it(`${recordType.name}.schema.json takes real NDJSON, 64-bit integers as ${bigint}s`, async () => {
        const path = folder.path(`${recordType.name}-${bigint}.ndjson`);
        await writeRecords(path, recordType, edgeRows(recordType, 100), { bigint });
        for (const line of readFileSync(path, 'utf8').trimEnd().split('\n')) {
          const record = JSON.parse(line) as object;
          assert.ok(validate(record), JSON.stringify(validate.errors));
          assert.deepEqual(Object.keys(record), Object.keys(schema.properties));
        }
      });
    }

    it(`${recordType.name}.schema.json refuses a column of another type, a missing one, and null where there is always a value`, async () => {
      const path = folder.path(`${recordType.name}.ndjson`);
      await writeRecords(path, recordType, edgeRows(recordType, 1));
      const record = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
      for (const column of recordType.columns) {
        assert.equal(validate({ ...record, [column.name]: { not: 'plain' } }), false, column.name);
        assert.equal(validate({ ...record, [column.name]: null }), column.nullable, column.name);
        assert.equal(
          validate(Object.fromEntries(Object.entries(record).filter(([name]) => name !== column.name))),
          false,
          column.name,
        );
      }
    });

    it(`${recordType.name}.arrow.json is the schema of the Arrow files`, () => {
      const text = readFileSync(new URL(`${recordType.name}.arrow.json`, SCHEMAS), 'utf8');
      const { schema: json } = JSON.parse(text) as { schema: { fields: ArrowFieldJson[] } };
      const names: Record<string, string> = {
        utf8: 'Utf8',
        bool: 'Bool',
        floatingpoint: 'Float64',
        timestamp: 'Timestamp<MILLISECOND, UTC>',
      };
      const told = json.fields.map((field) => {
        const plain =
          field.type.name === 'int'
            ? `${field.type.isSigned === true ? 'Int' : 'Uint'}${field.type.bitWidth}`
            : names[field.type.name]!;
        return [field.name, field.dictionary === undefined ? plain : `Dictionary<Int32, ${plain}>`, field.nullable];
      });
      assert.deepEqual(
        told,
        arrowSchema(recordType).fields.map((field) => [field.name, String(field.type), field.nullable]),
      );
    });

    it(`tables.sql: DuckDB takes the ${recordType.name} records of a Parquet and of an NDJSON file`, async () => {
      const rows = edgeRows(recordType, 50);
      const sql = readFileSync(new URL('tables.sql', SCHEMAS), 'utf8');
      for (const ending of ['parquet', 'ndjson']) {
        const path = folder.path(`${recordType.name}-table.${ending}`);
        await writeRecords(path, recordType, rows);
        await queryDuckdb(RECORD_TYPES.map((type) => `DROP TABLE IF EXISTS ${type.name};`).join(''));
        await queryDuckdb(sql);
        await queryDuckdb(`INSERT INTO ${recordType.name} BY NAME FROM '${path}'`);
        assert.deepEqual(await queryRows(`FROM ${recordType.name}`, recordType), rows);
      }
    });
  }
});
