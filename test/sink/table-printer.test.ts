import assert from 'node:assert/strict';
import { IMAGE } from '../../src/record/schema/record-types.js';
import { POOL_TAG } from '../../src/record/schema/record-types.js';
import { TablePrinter } from '../../src/sink/table/table-printer.js';
import { edgeRows, poolTagRow } from '../support/records/record-rows.js';

const counts = {
  nonpaged_allocs: 10n,
  nonpaged_outstanding: 3n,
  nonpaged_bytes: 4096n,
  paged_allocs: 2n ** 53n + 1n,
  paged_outstanding: -1n,
  paged_bytes: -16n,
};

describe('the printed table', () => {
  it("has the columns and the look of Rekall's pool_tracker", () => {
    const lines = [
      ...new TablePrinter(POOL_TAG).lines([
        poolTagRow({ tag: 'Proc', ...counts }),
        poolTagRow({ tag: '\\x00\\xFF"\'', nonpaged_outstanding: 0n }),
      ]),
    ];
    assert.equal(
      lines.join(''),
      [
        'Tag                    NP Alloc   NP Bytes               P Alloc    P Bytes Mark',
        '---------- -------------------- ---------- --------------------- ---------- ----',
        'Proc                     10 (3)       4096 9007199254740993 (-1)        -16',
        '\\x00\\xFF"\'                1 (0)          1                 1 (1)          1',
        '',
      ].join('\n'),
    );
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
    const rows = marks.map(([complete, consistency]) => poolTagRow({ ...counts, complete, consistency }));
    const [, , ...lines] = [...new TablePrinter(POOL_TAG).lines(rows)];
    assert.deepEqual(
      lines.map((line) => /-16 ?(.*)\n$/.exec(line)![1]),
      marks.map(([, , mark]) => mark),
    );
  });

  it('without rows is its header', () => {
    assert.deepEqual(
      [...new TablePrinter(POOL_TAG).lines([])],
      [
        'Tag              NP Alloc   NP Bytes              P Alloc    P Bytes Mark\n',
        '---- -------------------- ---------- -------------------- ---------- ----\n',
      ],
    );
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
});
