import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { assertAsyncProperty } from '../support/lanes/property.js';
import type { Row } from '../../src/record/schema/record-type.js';
import { POOL_TAG } from '../../src/record/schema/record-types.js';
import { convertRecords } from '../../src/sink/convert-records.js';
import { textOf } from '../../src/sink/read/text-input.js';
import type { SinkOptions } from '../../src/sink/open-sink.js';
import { queryDuckdb } from '../support/records/duckdb.js';
import { poolTagRow } from '../support/records/record-rows.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';
import { readRecords, writeRecords } from '../support/records/write-records.js';

const MARK = '\ufeff';

/** Strings, each with what comes back: itself, but U+FFFD where a lone surrogate was, for which UTF-8 has no form. */
const STRINGS: readonly (readonly [string, string])[] = [
  ...[
    MARK,
    `${MARK}web01`,
    `${MARK}${MARK}x`,
    `web${MARK}01`,
    `web01${MARK}`,
    `${MARK}"`,
    `${MARK},`,
    `${MARK}\r\n${MARK}`,
    `${MARK}\u{1f600}`,
    '\ufffe',
    'ï»¿web01',
    '',
    ' ',
  ].map((text) => [text, text] as const),
  ['\ud800', '\ufffd'],
  [`${MARK}\udc00x`, `${MARK}\ufffdx`],
];

const FORMATS: readonly { readonly ending: string; readonly options: SinkOptions; readonly duckdb: string | null }[] = [
  { ending: 'parquet', options: { parquetWriter: 'hyparquet-writer' }, duckdb: 'read_parquet' },
  { ending: 'lite.parquet', options: { parquetWriter: 'parquetjs-lite' }, duckdb: 'read_parquet' },
  { ending: 'arrow', options: {}, duckdb: null },
  { ending: 'arrows', options: {}, duckdb: null },
  { ending: 'ndjson', options: {}, duckdb: 'read_json' },
  { ending: 'ndjson.gz', options: {}, duckdb: 'read_json' },
  { ending: 'csv', options: {}, duckdb: 'read_csv' },
];

/** Rows whose every text column holds the strings, and which differ in nothing else. */
function rowsOf(strings: readonly string[]): Row[] {
  return strings.map((text) => poolTagRow({ image_id: text, image_path: text, host: text, labels: text, tag: text }));
}

const written = rowsOf(STRINGS.map(([text]) => text));
const read = rowsOf(STRINGS.map(([, text]) => text));

describe('strings', () => {
  const folder = temporaryFolder();

  for (const { ending, options, duckdb } of FORMATS) {
    // Batches of four rows: a dictionary of several chunks, and one that a batch uses a part of.
    for (const batchRows of [4, 8192]) {
      it(`.${ending}, batches of ${batchRows} rows: every string comes back as it went in`, async () => {
        const path = folder.path(`${batchRows}.${ending}`);
        await writeRecords(path, POOL_TAG, written, options, batchRows);
        assert.deepEqual((await readRecords(path)).rows, read);
      });
    }

    for (const other of FORMATS) {
      it(`.${ending} converted to .${other.ending}: so too`, async () => {
        const [source, target] = [folder.path(`source.${ending}`), folder.path(`from-${ending}.${other.ending}`)];
        await writeRecords(source, POOL_TAG, written, { ...options, force: true }, 4);
        await convertRecords(source, target, other.options);
        assert.deepEqual((await readRecords(target)).rows, read);
      });
    }

    if (duckdb !== null) {
      it(`.${ending}: DuckDB finds their bytes`, async () => {
        const path = folder.path(`duckdb.${ending}`);
        // DuckDB takes a quoted empty CSV field for no value.
        await writeRecords(path, POOL_TAG, written, options);
        const rows = await queryDuckdb(`SELECT hex(encode(coalesce(host, ''))) AS host FROM ${duckdb}('${path}')`);
        assert.deepEqual(
          rows.map((row) => row['host']),
          STRINGS.map(([, text]) => Buffer.from(text, 'utf8').toString('hex').toUpperCase()),
        );
      });
    }
  }

  it('any strings come back from every format', async () => {
    const text = fc.string({
      unit: fc.constantFrom(MARK, 'a', ' ', '"', ',', '\r', '\n', '\\', '\u{1f600}', '\ufffe', '\u2028'),
      maxLength: 6,
    });
    await assertAsyncProperty(
      fc.asyncProperty(
        fc.array(text, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 5 }),
        async (strings, batchRows) => {
          const rows = rowsOf(strings);
          for (const { ending, options } of FORMATS) {
            const path = folder.path(`any.${ending}`);
            await writeRecords(path, POOL_TAG, rows, { ...options, force: true }, batchRows);
            assert.deepEqual((await readRecords(path)).rows, rows, ending);
          }
        },
      ),
      { numRuns: 15 },
    );
  });
});

/** The columns of a file in another order, so that its first value is a string. */
async function stringsFirst(path: string): Promise<{ csv: string; ndjson: string }> {
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
  const objects = lines.map((line) => {
    const { host, ...rest } = JSON.parse(line) as Record<string, unknown>;
    return { host, ...rest };
  });
  const cell = (value: unknown): string =>
    value === null ? '' : typeof value === 'string' ? `"${value}"` : String(value);
  return {
    csv: [Object.keys(objects[0]!), ...objects.map((object) => Object.values(object).map(cell))]
      .map((cells) => `${cells.join(',')}\r\n`)
      .join(''),
    ndjson: objects.map((object) => `${JSON.stringify(object)}\n`).join(''),
  };
}

describe('a byte order mark at the beginning of a text file', () => {
  const folder = temporaryFolder();
  const rows = [MARK, `${MARK}web01`, 'web01'].map((host) => poolTagRow({ host, labels: null }));
  let texts: { csv: string; ndjson: string };

  before(async () => {
    await writeRecords(folder.path('rows.ndjson'), POOL_TAG, rows);
    texts = await stringsFirst(folder.path('rows.ndjson'));
  });

  for (const ending of ['csv', 'ndjson', 'ndjson.gz'] as const) {
    for (const mark of ['', MARK]) {
      it(`.${ending} ${mark === '' ? 'without one' : 'with one'}: a first value that begins with U+FEFF is kept`, async () => {
        const text = Buffer.from(`${mark}${texts[ending === 'csv' ? 'csv' : 'ndjson']}`, 'utf8');
        const path = folder.path(`first${mark === '' ? '' : '-marked'}.${ending}`);
        await writeFile(path, ending === 'ndjson.gz' ? gzipSync(text) : text);
        assert.deepEqual(await readRecords(path), { recordType: POOL_TAG, rows });
      });
    }
  }

  it('is none of the text, wherever the bytes are cut; every later U+FEFF is', async () => {
    const text = `${MARK}${MARK}a${MARK}${MARK}\n${MARK}\u{1f600}${MARK}`;
    const bytes = Buffer.from(text, 'utf8');
    for (let size = 1; size <= bytes.length; size++) {
      async function* pieces(): AsyncGenerator<Buffer> {
        for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
      }
      let joined = '';
      for await (const piece of textOf(pieces(), 'x')) joined += piece;
      assert.equal(joined, text.slice(1), `pieces of ${size} bytes`);
    }
  });

  it('is never written', async () => {
    for (const ending of ['csv', 'ndjson', 'ndjson.gz']) {
      const path = folder.path(`written.${ending}`);
      await writeRecords(path, POOL_TAG, rows);
      const bytes = await readFile(path);
      assert.notEqual((ending === 'ndjson.gz' ? gunzipSync(bytes) : bytes).toString('utf8')[0], MARK);
    }
  });
});
