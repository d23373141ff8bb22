import assert from 'node:assert/strict';
import fc from 'fast-check';
import { BIGPOOL, IMAGE, POOL_TAG } from '../../src/record/schema/record-types.js';
import { nullableColumn } from '../../src/record/schema/record-type.js';
import { TablePrinter } from '../../src/sink/table/table-printer.js';
import type { TableOptions } from '../../src/sink/sink.js';
import { assertProperty } from '../support/lanes/property.js';
import { edgeRows, poolTagRow } from '../support/records/record-rows.js';

const counts = {
  nonpaged_allocs: 10n,
  nonpaged_frees: 7n,
  nonpaged_outstanding: 3n,
  nonpaged_bytes: 4096n,
  paged_allocs: 2n ** 53n + 1n,
  paged_frees: 2n ** 53n,
  paged_outstanding: 1n,
  paged_bytes: -16n,
  driver: null,
  description: null,
  candidates: null,
};
const known = { driver: 'tcpip.sys', description: 'TCP endpoints, of which there may be many on a server' };

function printed(rows: Parameters<TablePrinter['lines']>[0], options: TableOptions = {}): string[] {
  const printer = new TablePrinter(POOL_TAG, options);
  return [...printer.lines(rows), ...printer.end()].map((line) => line.replace(/\n$/, ''));
}

describe('the printed table', () => {
  it('of tags has the columns of poolmon, exact, with the bytes of both pools and what the tag is known as', () => {
    assert.deepEqual(
      printed([
        poolTagRow({ tag: 'Proc', ...counts, ...known }),
        poolTagRow({ tag: '\\x00\\xFF"\'', ...counts, paged_outstanding: -3n, candidates: '["a.sys","b.sys"]' }),
      ]),
      [
        'Tag        Mark           Allocs            Frees In Use NP Bytes P Bytes Each Known As',
        '---------- ---- ---------------- ---------------- ------ -------- ------- ---- ----------------------------------------------------------------',
        'Proc            9007199254741003 9007199254740999      4     4096     -16 1020 tcpip.sys: TCP endpoints, of which there may be many on a server',
        '\\x00\\xFF"\'      9007199254741003 9007199254740999      0     4096     -16    - a.sys?, b.sys?',
      ],
    );
  });

  it('of one pool has its counts alone, as poolmon shows them', () => {
    assert.deepEqual(printed([poolTagRow({ tag: 'Proc', ...counts })], { pool: 'nonpaged' }), [
      'Tag  Mark Allocs Frees In Use Bytes Each Known As',
      '---- ---- ------ ----- ------ ----- ---- --------',
      'Proc          10     7      3  4096 1365',
    ]);
  });

  it('that is wide has all counts of both pools', () => {
    const [header] = printed([poolTagRow(counts)], { wide: true, terminalColumns: 20 });
    assert.deepEqual(header!.trim().split(/ {2,}| (?=[A-Z])/), [
      'Tag',
      'Mark',
      ...['NP', 'Allocs', 'NP', 'Frees', 'NP', 'In', 'Use', 'NP', 'Bytes'],
      ...['P', 'Allocs', 'P', 'Frees', 'P', 'In', 'Use', 'P', 'Bytes'],
      'Each',
      'Known',
      'As',
    ]);
  });

  it('marks what may be wrong and what does not add up', () => {
    const marks = [
      [true, 'consistent', ''],
      [true, null, ''],
      [false, 'consistent', '?'],
      [true, 'torn', '~'],
      [false, 'torn', '?~'],
      [false, 'impossible', '?!'],
    ] as const;
    const rows = marks.map(([complete, consistency]) => poolTagRow({ tag: 'Proc', ...counts, complete, consistency }));
    for (const terminalColumns of [undefined, 80]) {
      const [, , ...lines] = printed(rows, terminalColumns === undefined ? {} : { terminalColumns });
      assert.deepEqual(
        lines.slice(0, marks.length).map((line) => line.slice(5, 9).trim()),
        marks.map(([, , mark]) => mark),
      );
    }
  });

  it('cuts what a tag is known as to fit a terminal, then leaves out columns and says which', () => {
    const rows = [poolTagRow({ tag: 'TcpE', ...counts, ...known })];
    assert.match(printed(rows, { terminalColumns: 80 }).at(-1)!, /^\(no room for: .*Each.*; --wide shows all\)$/);
    for (const columns of [60, 80, 100, 119, 120, 140, 200]) {
      const lines = printed(rows, { terminalColumns: columns });
      assert.ok(
        lines.slice(0, 3).every((line) => line.length <= columns),
        `${columns}: ${lines[2]}`,
      );
      assert.match(lines[2]!, /tcpip\.sys/, String(columns));
    }
  });

  it('fits any counts of real size to 80 columns, tag, mark, bytes and name always shown', () => {
    const number = fc.bigInt({ min: 0n, max: 2n ** 40n });
    assertProperty(
      fc.property(fc.array(fc.tuple(number, number, fc.boolean()), { minLength: 1, maxLength: 20 }), (values) => {
        const rows = values.map(([allocs, bytes, complete]) =>
          poolTagRow({
            ...counts,
            ...known,
            tag: 'Abcd',
            complete,
            nonpaged_allocs: allocs,
            nonpaged_bytes: bytes,
            paged_bytes: bytes,
          }),
        );
        const lines = printed(rows, { terminalColumns: 80 });
        for (const line of lines.filter((line) => !line.startsWith('('))) assert.ok(line.length <= 80, line);
        for (const title of ['Tag', 'Mark', 'In Use', 'NP Bytes', 'P Bytes', 'Known As'])
          assert.ok(lines[0]!.includes(title), title);
        for (const [index, [, bytes, complete]] of values.entries()) {
          assert.ok(lines[index + 2]!.includes(` ${bytes} `));
          assert.equal(lines[index + 2]!.slice(5, 6) === '?', !complete);
        }
      }),
    );
  });

  it('ends with the totals of all tags, also of those that are not shown, and marks them where one may be wrong', () => {
    const rows = [true, false, true].map((complete) => poolTagRow({ tag: 'Proc', ...counts, complete }));
    const lines = printed(rows, { totals: true, first: 2 });
    assert.equal(lines.length, 6);
    assert.match(
      lines[5]!,
      /^TOTAL \? +27021597764223009 +27021597764222997 +12 +12288 +-48 +1020 of 3 tags, 2 of them shown$/,
    );
    assert.match(printed(rows.slice(0, 1), { totals: true })[4]!, /^TOTAL +\d.* of 1 tag$/);
  });

  it('has a table for each image, each with its own heading, widths and totals', () => {
    const image = (name: string, bytes: bigint): Parameters<typeof poolTagRow>[0] => ({
      ...counts,
      tag: 'Proc',
      image_path: name,
      system: 0,
      host: 'web01',
      windows_version: '10.0.22000',
      captured_at: 0,
      nonpaged_bytes: bytes,
    });
    const rows = [poolTagRow(image('a.raw', 1n)), poolTagRow(image('b\u001b.raw', 12345678901n))];
    const lines = printed(rows, { totals: true, pool: 'nonpaged', headings: true });
    assert.deepEqual(
      lines.filter((line) => /raw|TOTAL|^Proc|^$/.test(line)).map((line) => line.replace(/ +/g, ' ')),
      [
        'a.raw, host web01, Windows 10.0.22000, 1970-01-01T00:00:00.000Z',
        'Proc 10 7 3 1 0',
        'TOTAL 10 7 3 1 0 of 1 tag',
        '',
        'b\\x1b.raw, host web01, Windows 10.0.22000, 1970-01-01T00:00:00.000Z',
        'Proc 10 7 3 12345678901 4115226300',
        'TOTAL 10 7 3 12345678901 4115226300 of 1 tag',
      ],
    );
    // Without being asked to, only what follows another is headed.
    assert.match(printed(rows)[0]!, /^Tag /);
    assert.match(printed(rows)[4]!, /^b/);
  });

  it('without rows is its header', () => {
    assert.deepEqual(printed([]), [
      'Tag Mark Allocs Frees In Use NP Bytes P Bytes Each Known As',
      '--- ---- ------ ----- ------ -------- ------- ---- --------',
    ]);
  });

  it('goes on below with more rows, without another header', () => {
    const printer = new TablePrinter(POOL_TAG);
    assert.equal([...printer.lines([poolTagRow()])].length, 3);
    assert.equal([...printer.lines([poolTagRow()])].length, 1);
  });

  it('of another record type is every column, aligned, and no control character reaches the terminal', () => {
    const lines = [...new TablePrinter(IMAGE).lines(edgeRows(IMAGE, 20))];
    assert.equal(lines.length, 22);
    assert.deepEqual(
      lines[0]!.trim().split(/ +/),
      IMAGE.columns.map((column) => column.name),
    );
    for (const line of lines) assert.match(line, /^[^\u0000-\u001f\u007f-\u009f]*\n$/);
  });

  it('of another record type leaves out columns of the middle where a terminal has no room', () => {
    const printer = new TablePrinter(BIGPOOL, { terminalColumns: 60 });
    const lines = [...printer.lines(edgeRows(BIGPOOL, 5)), ...printer.end()];
    assert.match(lines[0]!, /^schema_version .* \u2026 .*free\n$/);
    assert.match(lines.at(-1)!, /^\(\d+ columns, \d+ shown; no room for: .*arch.*; --wide shows all\)\n$/);
  });

  it('says where columns are left out, within the width', () => {
    const columns = Array.from({ length: 40 }, (_, index) => nullableColumn(`column_${index}`, 'int64', 'A number.'));
    const rows = [1, 2].map((row) => Object.fromEntries(columns.map(({ name }, index) => [name, BigInt(row * index)])));
    for (const terminalColumns of [40, 41, 42, 43, 44, 45, 80]) {
      const printer = new TablePrinter({ name: 'answer', description: 'x', columns }, { terminalColumns });
      const [header, rule, ...lines] = [...printer.lines(rows), ...printer.end()].map((line) => line.trimEnd());
      const titles = header!.trim().split(/ +/);
      const gap = titles.indexOf('\u2026');
      assert.deepEqual([titles[0], titles.at(-1), gap > 0], ['column_0', 'column_39', true], header);
      for (const line of [header!, rule!, ...lines.slice(0, 2)]) {
        assert.ok(line.length <= terminalColumns, line);
        assert.equal(line.trim().split(/ +/).length, titles.length);
      }
      assert.equal(lines[0]!.trim().split(/ +/)[gap], '\u2026');
      assert.match(lines[2]!, new RegExp(`^\\(40 columns, ${titles.length - 1} shown; no room for: `));
    }
  });
});
