import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { tableFromIPC } from 'apache-arrow';
import { POOL_TAG } from '../../src/record/schema/record-types.js';
import { SCHEMA_VERSION } from '../../src/record/schema/record-type.js';
import { RECORD_TYPES } from '../../src/record/schema/record-types.js';
import { toolVersion } from '../../src/record/schema/file-metadata.js';
import { edgeRows, poolTagRow } from '../support/records/record-rows.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';
import { readRecords, writeRecords } from '../support/records/write-records.js';

/** What strings are: of a stream plain, since polars refuses dictionaries that grow. */
const STRINGS = { arrow: 'Dictionary<Int32, Utf8>', arrows: 'Utf8' } as const;

for (const [ending, strings] of Object.entries(STRINGS)) {
  describe(`Arrow IPC, .${ending}`, () => {
    const folder = temporaryFolder();

    for (const recordType of RECORD_TYPES) {
      it(`${recordType.name}: apache-arrow and our reader read every value as it was, over many batches`, async () => {
        const rows = edgeRows(recordType, 300);
        const path = folder.path(`${recordType.name}.${ending}`);
        await writeRecords(path, recordType, rows, {}, 16);
        const table = tableFromIPC(await readFile(path));
        assert.equal(table.batches.length, Math.ceil(300 / 16));
        const read = table.toArray().map((row) => ({ ...(row as { toJSON(): object }).toJSON() }));
        assert.deepEqual(read, rows);
        assert.deepEqual(await readRecords(path), { recordType, rows });
      });
    }

    it(`strings are ${strings === 'Utf8' ? 'plain' : 'dictionaries'}, the rest of the types of the schema; the metadata tell the versions`, async () => {
      const path = folder.path(`types.${ending}`);
      await writeRecords(path, POOL_TAG, [poolTagRow()]);
      const { schema } = tableFromIPC(await readFile(path));
      assert.deepEqual(
        schema.fields.slice(0, 7).map((field) => `${field.name}: ${String(field.type)}${field.nullable ? '?' : ''}`),
        [
          'schema_version: Int32',
          `image_id: ${strings}`,
          `image_path: ${strings}`,
          'system: Int32?',
          `host: ${strings}?`,
          `labels: ${strings}?`,
          'captured_at: Timestamp<MILLISECOND, UTC>?',
        ],
      );
      assert.deepEqual(
        [...schema.metadata],
        [
          ['pool_tracker.record_type', 'pool_tag'],
          ['pool_tracker.schema_version', String(SCHEMA_VERSION)],
          ['pool_tracker.tool_version', toolVersion()],
        ],
      );
    });

    it('no rows are a file with every column', async () => {
      const path = folder.path(`none.${ending}`);
      await writeRecords(path, POOL_TAG, []);
      const table = tableFromIPC(await readFile(path));
      assert.equal(table.numRows, 0);
      assert.deepEqual(
        table.schema.names,
        POOL_TAG.columns.map((column) => column.name),
      );
      assert.deepEqual(await readRecords(path), { recordType: POOL_TAG, rows: [] });
    });
  });
}
