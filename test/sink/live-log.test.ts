import assert from 'node:assert/strict';
import { utimesSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { misfit, type Row } from '../../src/record/schema/record-type.js';
import { POOL_TAG_LIVE } from '../../src/record/schema/record-types.js';
import { parseLiveLog } from '../../src/sink/live-log/live-log.js';
import { openRecords } from '../../src/sink/readers.js';
import type { RecordOrigin } from '../../src/sink/read/record-reader.js';
import { assertProperty } from '../support/lanes/property.js';
import { runCli } from '../support/run/cli.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';

/** As poolmon shows it, with the drivers that `/g` adds to some. */
const POOLMON = ` Memory:  260620K Avail:   96364K  PageFlts:     0   InRam Krnl: 1916K P:17856K
 Commit: 203500K Limit: 640916K Peak: 260632K            Pool N: 8332K P:27220K
 System pool information
 Tag  Type     Allocs            Frees            Diff   Bytes       Per Alloc

 Wait Nonp    3971107 (   0)   3971077 (   0)       30    8456 (     0)    281
 Io   Nonp    1021112 (   1)   1020985 (   1)      127   91912 (     0)    723
 Io   Paged         7 (   0)         5 (   0)        2     512 (     0)    256
 AfdB Nonp         90 (   0)        60 (   0)       30    7680 (     0)    256   [afd.sys - data buffer]
 a.b  Paged         3 (   0)         4 (   0)       -1     -64 (     0)     64
`;
const POOLUSED = `Sorting by Tag

 Pool Used:
            NonPaged            Paged
 Tag    Allocs     Used    Allocs     Used
 1394        1      520         0        0\tUNKNOWN pooltag '1394', please update pooltag.txt
 AcpA        3      192         1      504\tACPI arbiter data , Binary: acpi.sys
 Io          2       64         0        0\tgeneral IO allocations , Binary: nt!io
TOTAL        6      776         1      504
`;
const VERBOSE = `            NonPaged                                 Paged
 Tag    Allocs    Frees     Diff     Used   Allocs    Frees     Diff     Used
 Proc       10        4        6     6144        2        2        0        0\tProcess objects , Binary: nt!ps
TOTAL       10        4        6     6144        2        2        0        0
`;
const CSV = `host,Captured At,Tag,Type,Allocs,Frees,Diff,Bytes
web01,2026-01-31 12:00:00,Proc,Nonp,10,4,6,6144
web01,2026-01-31T13:00:00+01:00,Proc,Paged,3,2,1,64
web02,2026-01-31T13:00:00Z,Io,Nonp,1,1,0,0
`;

describe('logs of live machines', () => {
  const folder = temporaryFolder();
  const read = async (name: string, text: string | Buffer, origin?: RecordOrigin): Promise<Row[]> => {
    const path = folder.path(name);
    writeFileSync(path, text);
    utimesSync(path, 1_700_000_000, 1_700_000_000);
    const { recordType, rows } = await openRecords(path, undefined, origin);
    assert.equal(recordType, POOL_TAG_LIVE);
    const all: Row[] = [];
    for await (const row of rows) {
      for (const column of POOL_TAG_LIVE.columns) assert.equal(misfit(column, row[column.name]), null);
      all.push(row);
    }
    return all;
  };
  const short = (row: Row): unknown[] => [
    row['tag'],
    ...['nonpaged', 'paged'].map((pool) =>
      ['allocs', 'frees', 'outstanding', 'bytes'].map((count) => row[`${pool}_${count}`]),
    ),
  ];
  const none = [null, null, null, null];

  it('of poolmon: a pool that is not shown is null, and a tag that may hide a byte has no key', async () => {
    const rows = await read('poolmon.log', POOLMON, { labels: { host: 'web01', site: 'x' } });
    assert.deepEqual(rows.map(short), [
      ['Wait', [3971107n, 3971077n, 30n, 8456n], none],
      ['Io  ', [1021112n, 1020985n, 127n, 91912n], [7n, 5n, 2n, 512n]],
      ['AfdB', [90n, 60n, 30n, 7680n], none],
      ['a.b', none, [3n, 4n, -1n, -64n]],
    ]);
    assert.deepEqual(
      rows.map(({ key, driver, description, complete, tool, host, labels }) => [
        key,
        driver,
        description,
        complete,
        tool,
        host,
        labels,
      ]),
      [
        [0x74696157, null, null],
        [0x20206f49, null, null],
        [0x42646641, 'afd.sys', 'data buffer'],
        [null, null, null],
      ].map((known) => [...known, null, 'poolmon', 'web01', '{"host":"web01","site":"x"}']),
    );
    assert.deepEqual([rows[0]!['captured_at'], rows[0]!['captured_at_source']], [1_700_000_000_000, 'file']);
  });

  it('of poolmon, in any encoding of Windows, and with the blanks at the beginning of lines lost', async () => {
    const plain = (await read('a.log', POOLMON)).map(short);
    const words = Buffer.from(POOLMON.replaceAll('\n', '\r\n'), 'utf16le');
    assert.deepEqual((await read('b.log', Buffer.concat([Buffer.from([0xff, 0xfe]), words]))).map(short), plain);
    assert.deepEqual((await read('c.log', words)).map(short), plain);
    const squeezed = POOLMON.replace(/^ +/gm, '').replace(/ +/g, ' ');
    assert.deepEqual((await read('d.txt', squeezed)).map(short), plain);
  });

  it('of poolmon, several moments: which one is told, their time is not', async () => {
    const rows = await read('more.log', POOLMON + POOLMON);
    assert.deepEqual([...new Set(rows.map(({ snapshot }) => snapshot))], [0, 1]);
    assert.equal(new Set(rows.map((row) => row['image_id'])).size, 2);
    assert.deepEqual([...new Set(rows.map((row) => row['captured_at']))], [null]);
  });

  it('of !poolused: what the short form calls Allocs is in use, and its total proves that it is whole', async () => {
    const rows = await read('windbg.txt', `0: kd> !poolused\n${POOLUSED}`, { capturedAt: 5 });
    assert.deepEqual(rows.map(short), [
      ['1394', [null, null, 1n, 520n], [null, null, 0n, 0n]],
      ['AcpA', [null, null, 3n, 192n], [null, null, 1n, 504n]],
      ['Io  ', [null, null, 2n, 64n], [null, null, 0n, 0n]],
    ]);
    assert.deepEqual(
      rows.map(({ driver, description, complete }) => [driver, description, complete]),
      [
        [null, null, true],
        ['acpi.sys', 'ACPI arbiter data', true],
        ['nt!io', 'general IO allocations', true],
      ],
    );
    assert.deepEqual([rows[0]!['captured_at'], rows[0]!['captured_at_source']], [5, 'given']);
    assert.deepEqual((await read('verbose.txt', VERBOSE)).map(short), [
      ['Proc', [10n, 4n, 6n, 6144n], [2n, 2n, 0n, 0n]],
    ]);
  });

  it('of !poolused that was stopped, or whose total differs, is not complete', async () => {
    const stopped = POOLUSED.split('\n').slice(0, -2).join('\n');
    assert.ok((await read('stopped.txt', stopped)).every(({ complete }) => complete === false));
    const other = POOLUSED.replace('      776 ', '      777 ');
    assert.ok((await read('other.txt', other)).every(({ complete }) => complete === false));
  });

  it('of a simple CSV, with moments and machines of its own', async () => {
    const rows = await read('simple.csv', CSV);
    assert.deepEqual(
      rows.map((row) => [row['snapshot'], row['host'], row['captured_at'], row['captured_at_source'], ...short(row)]),
      [
        [0, 'web01', Date.UTC(2026, 0, 31, 12), 'log', 'Proc', [10n, 4n, 6n, 6144n], [3n, 2n, 1n, 64n]],
        [1, 'web02', Date.UTC(2026, 0, 31, 13), 'log', 'Io  ', [1n, 1n, 0n, 0n], none],
      ],
    );
    const wide = await read('wide.csv', 'tag,nonpaged_bytes,paged_bytes\nProc,1,\nIo,,18446744073709551615\n');
    assert.deepEqual(wide.map(short), [
      ['Proc', [null, null, null, 1n], none],
      ['Io  ', none, [null, null, null, -1n]],
    ]);
  });

  for (const [what, name, text, message] of [
    [
      'a line that is no tag',
      'x.log',
      `${POOLMON} what is this\n`,
      /x\.log: line 11: expected a tag and its counts as poolmon shows them; 1 lines are none/,
    ],
    ['another text', 'y.txt', 'hello\n', /y\.txt: headings: expected those of poolmon/],
    ['an empty file', 'z.log', '', /z\.log: headings: /],
  ] as const) {
    it(`refuses ${what} in one line`, async () => {
      writeFileSync(folder.path(name), text);
      const { status, stderr } = await runCli(['convert', folder.path(name), folder.path(`${name}.parquet`)]);
      assert.equal(status, 1);
      assert.match(stderr, message);
      assert.equal(stderr.trim().split('\n').length, 1);
    });
  }

  it('convert writes them, with the host and time that are given', async () => {
    writeFileSync(folder.path('w.log'), POOLMON);
    const { status, stdout, stderr } = await runCli([
      ...['convert', folder.path('w.log'), '-', '--format', 'ndjson', '--label', 'host=web01'],
      ...['--captured-at', '2026-01-31 12:00:00'],
    ]);
    assert.deepEqual([status, stderr], [0, '4 pool_tag_live records\n']);
    const row = JSON.parse(stdout.split('\n')[0]!) as Record<string, unknown>;
    assert.deepEqual([row['host'], row['captured_at'], row['tool']], ['web01', '2026-01-31T12:00:00.000Z', 'poolmon']);
    const wrong = await runCli(['convert', folder.path('w.log'), '-', '--format', 'csv', '--captured-at', 'noon']);
    assert.equal(wrong.status, 2);
    const scan = await runCli(['scan', folder.path('w.log'), '-o', 'pool_tag_live=x.parquet']);
    assert.equal(scan.status, 2);
    assert.match(scan.stderr, /no image has pool_tag_live records; pool-tracker convert/);
  });

  it('any text is parsed or is none, and every row fits the schema', () => {
    const piece = fc.constantFrom(
      ...POOLMON.split('\n'),
      ...POOLUSED.split('\n'),
      ...VERBOSE.split('\n'),
      ...CSV.split('\n'),
      ' \u0000\u0001\u0002\u0003 Nonp 1 1 1 1 1',
      ` Big1 Nonp ${'9'.repeat(20)} 1 1 1 1`,
      'TOTAL',
      ' ',
      '\r',
    );
    assertProperty(
      fc.property(fc.array(fc.oneof(piece, fc.string()), { maxLength: 20 }), (lines) => {
        const log = parseLiveLog(lines.join('\n'));
        for (const { tags } of log?.snapshots ?? [])
          for (const { tag, nonPaged, paged } of tags) {
            assert.ok(tag.length <= 4, tag);
            for (const value of [...Object.values(nonPaged), ...Object.values(paged)] as (bigint | null)[])
              assert.ok(value === null || BigInt.asIntN(64, value) === value);
          }
      }),
    );
  });
});
