import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { PoolTrackerError } from '../../src/errors.js';
import { POOL_TAG } from '../../src/record/schema/record-types.js';
import { openRecords } from '../../src/sink/readers.js';
import { assertAsyncProperty } from '../support/lanes/property.js';
import { edgeRows, poolTagRow } from '../support/records/record-rows.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';
import { readRecords, writeRecords } from '../support/records/write-records.js';

const ENDINGS = ['parquet', 'ndjson', 'ndjson.gz', 'arrow', 'arrows', 'csv'] as const;
const ROWS = 40;

/** How many rows a file gives; -1 when it is refused as damaged. Any other failure is one of the test. */
async function rowsIn(path: string): Promise<number> {
  try {
    return (await readRecords(path)).rows.length;
  } catch (error) {
    assert.ok(error instanceof PoolTrackerError, `${String(error)}\n${(error as Error).stack}`);
    assert.equal(error.code, 'RECORDS_DAMAGED', error.message);
    assert.ok(error.message.startsWith(`${path}: `) && !error.message.includes('\n'), error.message);
    return -1;
  }
}

for (const ending of ENDINGS) {
  describe(`damaged .${ending}`, () => {
    const folder = temporaryFolder();
    let whole: Buffer;

    before(async () => {
      await writeRecords(folder.path(`whole.${ending}`), POOL_TAG, edgeRows(POOL_TAG, ROWS), {}, 16);
      whole = readFileSync(folder.path(`whole.${ending}`));
    });

    async function rowsOf(bytes: Buffer): Promise<number> {
      const path = folder.path(`damaged.${ending}`);
      writeFileSync(path, bytes);
      return rowsIn(path);
    }

    it('cut off anywhere, it is refused, unless it ends where a record does', async () => {
      const step = Math.max(1, Math.floor(whole.length / 60));
      for (let length = 1; length < whole.length; length += step) {
        const rows = await rowsOf(whole.subarray(0, length));
        if (rows < 0) continue;
        assert.ok(ending === 'ndjson' || ending === 'csv', `${length} of ${whole.length} bytes gave ${rows} rows`);
        const text = whole.subarray(0, length).toString('latin1');
        assert.ok(ending === 'ndjson' ? /\}\n?$/.test(text) : rows < ROWS, `${rows} rows: ${text.slice(-40)}`);
      }
    });

    it('with bytes overwritten, it is refused or read, and nothing else', async () => {
      await assertAsyncProperty(
        fc.asyncProperty(
          fc.nat(whole.length - 1),
          fc.uint8Array({ minLength: 1, maxLength: 16 }),
          async (at, bytes) => {
            const changed = Buffer.from(whole);
            Buffer.from(bytes).copy(changed, at);
            const rows = await rowsOf(changed);
            assert.ok(rows <= ROWS * 2, `${rows} rows`);
          },
        ),
        { numRuns: ending.startsWith('ndjson') || ending === 'csv' ? 150 : 30 },
      );
    });

    it('of other content, it is refused', async () => {
      for (const content of [
        'text\n',
        '\0'.repeat(100),
        'PAR1PAR1',
        'ARROW1\0\0',
        '{}',
        '[]',
        '1',
        '"x"',
        'a,b\n1,2\n',
        'PAR1\xff\xff\xff\x7fPAR1',
        'ARROW1\0\0\xff\xff\xff\x7fARROW1',
      ]) {
        assert.equal(
          await rowsOf(ending === 'ndjson.gz' ? gzipSync(content) : Buffer.from(content, 'latin1')),
          -1,
          JSON.stringify(content),
        );
      }
    });

    it('empty, it is refused where the format needs more than nothing', async () => {
      assert.equal(await rowsOf(Buffer.alloc(0)), ending === 'ndjson' ? 0 : -1);
    });
  });
}

describe('what damaged records are told to be', () => {
  const folder = temporaryFolder();
  const line = (changes: Record<string, unknown> = {}): string =>
    JSON.stringify({
      ...poolTagRow(),
      nonpaged_allocs: 1,
      nonpaged_frees: 1,
      nonpaged_outstanding: 1,
      nonpaged_bytes: 1,
      paged_allocs: 1,
      paged_frees: 1,
      paged_outstanding: 1,
      paged_bytes: 1,
      captured_at: null,
      ...changes,
    });

  async function messageOf(ending: string, text: string): Promise<string> {
    writeFileSync(folder.path(`a.${ending}`), text);
    const error: unknown = await readRecords(folder.path(`a.${ending}`)).catch((reason: unknown) => reason);
    assert.ok(error instanceof PoolTrackerError && error.code === 'RECORDS_DAMAGED', String(error));
    return error.message.slice(folder.path(`a.${ending}`).length + 2);
  }

  it('NDJSON: the record and the column', async () => {
    const cases: readonly (readonly [string, RegExp])[] = [
      [`${line()}\n${line({ key: 'x' })}`, /^record 2: column key: expected uint32, found the string x$/],
      [
        `${line()}\n${line({ key: 4294967296 })}`,
        /^record 2: column key: expected an unsigned integer of 32 bits, found 4294967296/,
      ],
      [
        line().replace('"paged_bytes":1', '"paged_bytes":9223372036854775808'),
        /^record 1: column paged_bytes: expected a bigint of 64 bits, found 9223372036854775808/,
      ],
      [
        line().replace('"paged_bytes":1', '"paged_bytes":1e3'),
        /^record 1: column paged_bytes: expected int64, found the number 1e3$/,
      ],
      [line({ tag: null }), /^record 1: column tag may not be null$/],
      [line({ captured_at: '2021-13-01T00:00:00Z' }), /^record 1: column captured_at: expected timestamp/],
      [`${line()}\n${line({ extra: 1 })}`, /^record 2: column extra is not one of pool_tag$/],
      [
        line({ extra: 1 }),
        /^columns: expected those of a record type; the nearest is pool_tag, but they have the unknown extra$/,
      ],
      [line({ key: { a: 1 } }), /^record 1: column key: expected a plain value, found an object$/],
      [line({ key: [1] }), /^record 1: expected one flat JSON object a line, found an array$/],
      [line().replace('"tag"', '"key"'), /^record 1: column key occurs twice$/],
      [`${line()}\n{"tag": nope}`, /^record 2: /],
      [line({ schema_version: 3 }), /^schema version: expected 1 to 2, found 3$/],
      [`${line()}\n\xff`, /^record 2: Parser cannot parse input/],
    ];
    for (const [text, expected] of cases) assert.match(await messageOf('ndjson', text), expected, text);
    writeFileSync(folder.path('latin1.ndjson'), Buffer.from(line({ tag: 'ÿ' }), 'latin1'));
    await assert.rejects(readRecords(folder.path('latin1.ndjson')), /bytes 0 and on: not UTF-8 text/);
  });

  it('CSV: the record and the column', async () => {
    await writeRecords(folder.path('good.csv'), POOL_TAG, [poolTagRow({ tag: 'GOOD' }), poolTagRow({ tag: 'NEXT' })]);
    const good = readFileSync(folder.path('good.csv'), 'utf8');
    const cases: readonly (readonly [string, RegExp])[] = [
      [good.replace('NEXT', ''), /^record 2: column tag may not be null$/],
      [good.replace('NEXT', 'NEXT,1'), /^record 2: expected \d+ fields, found \d+$/],
      [good.replace('GOOD', '"GOOD'), /^record 1: a quote is never closed$|^header: a quote is never closed$/],
      [good.replace('GOOD', '"GO"OD'), /: characters after a closing quote$/],
      [good.replace('GOOD', 'GO"OD'), /: a quote within a field that is not quoted$/],
      [good.replace('NEXT,1668248144', 'NEXT,0x10'), /^record 2: column key: expected uint32, found "0x10"$/],
      [
        good.replace('host', 'hosts'),
        /^columns: expected those of a record type; the nearest is pool_tag, but they have the unknown hosts$/,
      ],
      [good.replace('host', 'tag'), /^columns: tag occurs twice$/],
      [good.replace('key,', 'keys,'), /the nearest is pool_tag, but they lack key and have the unknown keys$/],
    ];
    for (const [text, expected] of cases) {
      assert.notEqual(text, good);
      assert.match(await messageOf('csv', text), expected, text);
    }
  });

  it('files that cannot be read at all', async () => {
    const code = async (path: string, format?: string): Promise<string> => {
      const error: unknown = await openRecords(path, format).then(
        async ({ rows }) => {
          for await (const _row of rows) break;
        },
        (reason: unknown) => reason,
      );
      assert.ok(error instanceof PoolTrackerError, String(error));
      return error.code;
    };
    for (const ending of ENDINGS) {
      assert.equal(await code(folder.path(`missing.${ending}`)), 'SOURCE_NOT_FOUND', ending);
      mkdirSync(folder.path(`folder.${ending}`));
      assert.equal(await code(folder.path(`folder.${ending}`)), 'SOURCE_IS_DIRECTORY', ending);
    }
    assert.equal(await code(folder.path('a.xlsx')), 'USAGE');
    assert.equal(await code('-', 'parquet'), 'USAGE');
    assert.equal(await code('-'), 'USAGE');
  });
});
