/** Writes schemas/ from the record types. Run it after any change of them: `npx tsx scripts/make-schemas.ts`. */
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { arrowSchemaText } from '../src/record/arrow/arrow-schema.js';
import { duckdbTableText } from '../src/record/schema/duckdb-schema.js';
import { duckdbViewsText } from '../src/record/schema/duckdb-schema.js';
import { jsonSchemaText } from '../src/record/schema/json-schema.js';
import { RECORD_TYPES } from '../src/record/schema/record-types.js';

/** The files of schemas/ by their names. */
export function schemaFiles(): Map<string, string> {
  return new Map([
    ...RECORD_TYPES.map((type): [string, string] => [`${type.name}.schema.json`, jsonSchemaText(type)]),
    ...RECORD_TYPES.map((type): [string, string] => [`${type.name}.arrow.json`, arrowSchemaText(type)]),
    ['tables.sql', RECORD_TYPES.map(duckdbTableText).join('\n')],
    [
      'duckdb.sql',
      duckdbViewsText(
        RECORD_TYPES,
        readFileSync(new URL('../src/dataset/query/questions.sql', import.meta.url), 'utf8'),
      ),
    ],
  ]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = new URL('../schemas/', import.meta.url);
  await mkdir(folder, { recursive: true });
  for (const [name, text] of schemaFiles()) await writeFile(new URL(name, folder), text);
}
