import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { asReported, reportRules } from '../../../src/pool/table/as-reported.js';
import type { CounterValues, TagTotal } from '../../../src/pool/table/tag-totals.js';
import { layoutOfSize } from '../../../src/pool/table/tracker-layout.js';
import { duckdbTableText } from '../../../src/record/schema/duckdb-schema.js';
import { IMAGE } from '../../../src/record/schema/record-types.js';
import { OBJECT_COUNT } from '../../../src/record/schema/record-types.js';
import { POOL_TAG } from '../../../src/record/schema/record-types.js';
import type { RecordType, Row } from '../../../src/record/schema/record-type.js';
import { RECORD_TYPES } from '../../../src/record/schema/record-types.js';
import { temporaryFolder } from '../../support/run/temporary-folder.js';
import { ask, openQuestions as open } from '../../support/records/questions.js';
import { tagTotal } from '../../support/records/tag-total.js';
import { writePart } from '../../support/records/write-part.js';

const HOUR = 3_600_000;
const QUESTIONS = [
  'top_tags()',
  'leaks()',
  'leak_series()',
  'boots()',
  "compare('a', 'b')",
  'fleet_outliers()',
  'process_gap()',
  'passed_over',
  'tag_changes()',
  "moves_with('Proc')",
  'captures()',
  'certain_tags()',
  'whole_tags()',
  'host_medians()',
];

describe('schemas/duckdb.sql', () => {
  const folder = temporaryFolder();
  const part = (
    dataset: string,
    recordType: RecordType,
    partition: string,
    file: string,
    rows: readonly Partial<Row>[],
  ): Promise<void> =>
    writePart(folder.path(`${dataset}/${recordType.name}/v=2/${partition}/part-${file}`), recordType, rows);

  it('has every view and question over a dataset without files, with the columns of the record types', async () => {
    mkdirSync(folder.path('empty'));
    const connection = await open(folder.path('empty'));
    for (const question of QUESTIONS) assert.deepEqual(await ask(connection, `FROM ${question}`), [], question);
    for (const recordType of RECORD_TYPES) {
      const viewed = await ask(connection, `SELECT column_name, column_type FROM (DESCRIBE ${recordType.name})`);
      await connection.run(
        `CREATE SCHEMA s_${recordType.name}; USE s_${recordType.name}; ${duckdbTableText(recordType)}; USE memory.main`,
      );
      assert.deepEqual(
        viewed,
        await ask(
          connection,
          `SELECT column_name, column_type FROM (DESCRIBE s_${recordType.name}.${recordType.name})`,
        ),
      );
    }
  });

  it('reads Parquet and NDJSON parts side by side, and what is not of them not at all', async () => {
    await part('mixed', POOL_TAG, 'date=2024-03-01/host=a', '1.parquet', [
      { image_id: '1', host: 'a', nonpaged_bytes: 2n ** 53n + 1n },
    ]);
    await part('mixed', POOL_TAG, 'date=2024-03-01/host=b', '2.ndjson', [
      { image_id: '2', host: 'b', nonpaged_bytes: 2n ** 53n + 3n, captured_at: 1_709_251_200_123 },
    ]);
    await part('mixed', POOL_TAG, 'date=2024-03-01/host=b', '3.ndjson.gz', [
      { image_id: '3', host: 'b', nonpaged_bytes: -1n },
    ]);
    await writePart(folder.path('mixed/pool_tag/v=1/date=2024-03-01/compact-4-0.parquet'), POOL_TAG, [
      { image_id: '4', host: 'c' },
    ]);
    await writePart(folder.path('mixed/_journal/part-5.ndjson'), POOL_TAG, [{ image_id: '5' }]);
    const connection = await open(folder.path('mixed'));
    assert.deepEqual(
      await ask(
        connection,
        'SELECT image_id, host, nonpaged_bytes, epoch_ms(captured_at) AS at FROM pool_tags ORDER BY image_id',
      ),
      [
        { image_id: '1', host: 'a', nonpaged_bytes: 2n ** 53n + 1n, at: null },
        { image_id: '2', host: 'b', nonpaged_bytes: 2n ** 53n + 3n, at: 1_709_251_200_123n },
        { image_id: '3', host: 'b', nonpaged_bytes: -1n, at: null },
        { image_id: '4', host: 'c', nonpaged_bytes: 1n, at: null },
      ],
    );
  });

  it('reads hosts as text, whatever they look like, and no host as null', async () => {
    await part('hosts', POOL_TAG, 'host=007', '1.parquet', [{ host: '007' }]);
    await part('hosts', POOL_TAG, 'host=a%2Fb', '2.parquet', [{ host: 'a/b' }]);
    await part('hosts', POOL_TAG, 'host=__HIVE_DEFAULT_PARTITION__', '3.parquet', [{ host: null }]);
    const connection = await open(folder.path('hosts'));
    assert.deepEqual(await ask(connection, 'SELECT host FROM pool_tags ORDER BY host'), [
      { host: '007' },
      { host: 'a/b' },
      { host: null },
    ]);
    assert.deepEqual(await ask(connection, "SELECT host FROM pool_tags WHERE host = '007'"), [{ host: '007' }]);
  });

  it('fills columns that older files lack', async () => {
    const older = { ...POOL_TAG, columns: POOL_TAG.columns.filter(({ name }) => name !== 'kernel_guid') };
    await part('older', older, 'host=a', '1.parquet', [{ image_id: '1' }]);
    await part('older', POOL_TAG, 'host=a', '2.parquet', [{ image_id: '2', kernel_guid: 'G' }]);
    const connection = await open(folder.path('older'));
    assert.deepEqual(await ask(connection, 'SELECT image_id, kernel_guid FROM pool_tags ORDER BY image_id'), [
      { image_id: '1', kernel_guid: null },
      { image_id: '2', kernel_guid: 'G' },
    ]);
  });

  it('takes a path for what it is, not for a pattern or SQL', async () => {
    for (const name of ["o'brien", 'all[1]', 'a*b', 'what?']) {
      await part(name, POOL_TAG, 'host=a', '1.parquet', [{ image_id: name }]);
      const connection = await open(folder.path(name));
      assert.deepEqual(await ask(connection, 'SELECT image_id FROM pool_tags'), [{ image_id: name }]);
    }
  });

  it('has no sum where 64 bits do not hold it', async () => {
    await part('wide', POOL_TAG, 'host=a', '1.parquet', [
      { key: 1, nonpaged_bytes: 2n ** 63n - 1n, paged_bytes: 1n },
      { key: 2, nonpaged_bytes: -(2n ** 63n), paged_bytes: 2n ** 63n - 1n },
    ]);
    const connection = await open(folder.path('wide'));
    assert.deepEqual(await ask(connection, 'SELECT key, bytes FROM pool_tags ORDER BY key'), [
      { key: 1, bytes: null },
      { key: 2, bytes: -1n },
    ]);
  });

  it('tells a restart by the counters where images were not recorded', async () => {
    const allocs = [
      [100n, 900n, 5n],
      [200n, 950n, 6n],
      [20n, 30n, 7n],
      [40n, 2n, 8n],
    ];
    await part(
      'counters',
      POOL_TAG,
      'host=a',
      '1.parquet',
      allocs.flatMap((counts, capture) =>
        counts.map((nonpaged_allocs, tag) => ({
          image_id: `i${capture}`,
          host: 'a',
          captured_at: capture * HOUR,
          key: tag + 1,
          place: 'table',
          nonpaged_allocs,
          paged_allocs: 0n,
        })),
      ),
    );
    const connection = await open(folder.path('counters'));
    // In the third capture two of three tags have fewer; in the last only one, whose 32-bit counter wrapped.
    assert.deepEqual(
      (await ask(connection, 'SELECT boot FROM boots() ORDER BY captured_at')).map(({ boot }) => boot),
      [0, 0, 1, 1],
    );
  });

  it('compares by id or path, and tells new, gone, grew and shrank', async () => {
    const row = (image_id: string, key: number, tag: string, bytes: bigint, captured_at: number): Partial<Row> => ({
      image_id,
      image_path: `/dumps/${image_id}`,
      key,
      tag,
      nonpaged_bytes: bytes,
      paged_bytes: 0n,
      captured_at,
    });
    await part('compare', POOL_TAG, 'host=a', '1.parquet', [
      row('a', 1, 'Grew', 100_000n, 0),
      row('a', 2, 'Shrk', 300_000n, 0),
      row('a', 3, 'Gone', 100_000n, 0),
      row('a', 4, 'Same', 500_000n, 0),
      row('a', 5, 'Tiny', 10n, 0),
    ]);
    await part('compare', POOL_TAG, 'host=a', '2.parquet', [
      row('b', 1, 'Grew', 200_000n, 1),
      row('b', 2, 'Shrk', 100_000n, 1),
      row('b', 4, 'Same', 510_000n, 1),
      row('b', 5, 'Tiny', 1000n, 1),
      row('b', 6, 'New ', 70_000n, 1),
    ]);
    await part('compare', IMAGE, 'host=a', '1.parquet', [{ image_id: 'a' }, { image_id: 'b' }]);
    const connection = await open(folder.path('compare'));
    const expected = [
      ['Grew', 'grew', 100_000n],
      ['New ', 'new', 70_000n],
      ['Gone', 'gone', -100_000n],
      ['Shrk', 'shrank', -200_000n],
    ];
    for (const [a, b] of [
      ['a', 'b'],
      ['/dumps/a', '/dumps/b'],
      ['a', '/dumps/b'],
    ]) {
      const rows = await ask(connection, `SELECT tag, change, bytes_change FROM compare('${a!}', '${b!}')`);
      assert.deepEqual(
        rows.map(({ tag, change, bytes_change }) => [tag, change, bytes_change]),
        expected,
      );
    }
    assert.equal((await ask(connection, "FROM compare('a', 'b', min_change := 0, min_bytes := 0)")).length, 6);
  });

  it("gives the counters as each build's kernel reports them, or none where that is not known", async () => {
    const pools = [
      [9n, 7n, 1n],
      [7n, 9n, 100n],
      [9n, 7n, -1n],
      [9n, 9n, -64n],
      [2n ** 32n + 5n, 7n, 2n ** 40n],
      [-1n, 7n, 5n],
      [7n, -1n, 5n],
    ] as const;
    const keyless = { processors: 2, counters: [0n, 10n, -960n, 0n, 4n, -256n] as const, isCounted: false };
    const totals = pools.flatMap((nonPaged, index) =>
      (['table', 'overflow', 'expansion'] as const).map((place): TagTotal => {
        const counters: CounterValues = [...nonPaged, ...pools[(index + 3) % pools.length]!];
        return tagTotal(counters, { key: index, place, keyless: place === 'overflow' ? keyless : null });
      }),
    );
    const versions = ['10.0.19041.1466', '10.0.28000', '10.0.27000', null];
    const names = ['nonpaged_allocs', 'nonpaged_frees', 'nonpaged_bytes', 'paged_allocs', 'paged_frees', 'paged_bytes'];
    const named = (values: readonly bigint[]): string =>
      values.map((value, index) => `"${names[index]}":${value}`).join(',');
    for (const [index, windows_version] of versions.entries()) {
      const rows = totals.map(({ key, place, counters, keyless: counts }) => ({
        image_id: String(index),
        key,
        place,
        windows_version,
        keyless: counts === null ? null : 'apart',
        keyless_counts: counts === null ? null : `{"processors":2,${named(counts.counters)}}`,
        ...Object.fromEntries(counters.map((value, at) => [names[at]!, value])),
      }));
      await part('reports', POOL_TAG, `host=${index}`, `${index}.parquet`, rows);
    }
    const connection = await open(folder.path('reports'));
    const viewed = await ask(
      connection,
      `SELECT image_id, keyless, ${names.join(', ')}, as_reported FROM pool_tags_as_reported ORDER BY image_id, key, place`,
    );
    const expected = versions.flatMap((version, index) => {
      const rules = reportRules(version === null ? null : Number(version.split('.')[2]));
      return [...totals]
        .sort((a, b) => a.key - b.key || (a.place < b.place ? -1 : 1))
        .map((total) => {
          const reported = rules === null ? null : asReported(total, rules, layoutOfSize(80)!);
          return {
            image_id: String(index),
            keyless: total.keyless === null ? null : reported?.keyless?.isCounted === true ? 'counted' : 'apart',
            ...Object.fromEntries(names.map((name, at) => [name, reported?.counters[at] ?? null])),
            as_reported: true,
          };
        });
    });
    assert.deepEqual(viewed, expected);
  });

  it('shows the gap between processes and their allocations', async () => {
    const count = (image_id: string, method: string, found: number | null, outstanding: bigint): Partial<Row> => ({
      image_id,
      host: 'a',
      kind: 'process',
      method,
      available: found !== null,
      found,
      unreadable: found === null ? null : 0,
      tag: 'Proc',
      tag_outstanding: outstanding,
    });
    await part('gaps', OBJECT_COUNT, 'host=a', '1.parquet', [
      count('whole', 'PsActiveProcessHead', 48, 48n),
      count('whole', 'PspCidTable', 47, 48n),
      count('whole', 'CSRSS', 43, 48n),
      count('hidden', 'PsActiveProcessHead', 45, 48n),
      count('hidden', 'Sessions', null, 48n),
    ]);
    const connection = await open(folder.path('gaps'));
    assert.deepEqual(
      await ask(
        connection,
        'SELECT image_id, outstanding, psactiveprocesshead AS head, csrss, sessions, gap FROM process_gap()',
      ),
      [
        { image_id: 'hidden', outstanding: 48n, head: 45, csrss: null, sessions: null, gap: 3n },
        { image_id: 'whole', outstanding: 48n, head: 48, csrss: 43, sessions: null, gap: 0n },
      ],
    );
  });
});
