import assert from 'node:assert/strict';
import { POOL_TAG } from '../../src/record/pool-tag-record.js';
import type { Row } from '../../src/record/record-type.js';
import { TablePrinter, type TableOptions } from '../../src/sink/table-printer.js';

function row(tag: string, [nonPaged, paged]: readonly [bigint, bigint], names: Row = {}): Row {
  return {
    tag, nonpaged_allocs: nonPaged, nonpaged_outstanding: nonPaged, nonpaged_bytes: nonPaged * 16n,
    paged_allocs: paged, paged_outstanding: paged, paged_bytes: paged * 16n, ...names,
  };
}

function printed(options: TableOptions, ...batches: (readonly Row[])[]): string[] {
  const printer = new TablePrinter(POOL_TAG, options);
  const lines = [...batches.flatMap((rows) => [...printer.lines(rows)]), ...printer.end()];
  for (const line of lines) assert.ok(line.endsWith('\n'));
  return lines.map((line) => line.slice(0, -1));
}

const ROWS = [
  row('TcpE', [3n, 0n], { driver: 'tcpip.sys', description: 'TCP endpoints' }),
  row('Leak', [2n ** 62n, 5n], { driver: null, description: null, candidates: '["leaky.sys","other.sys"]' }),
  row('Odd ', [1n, -2n], { driver: null, description: 'colour \u001b[31m and a\nline', candidates: null }),
];

describe('table of tags', () => {
  it('is what Rekall printed, without names, unless it goes to a wide terminal', () => {
    const plain = printed({}, ROWS);
    assert.match(plain[0]!, /^Tag +NP Alloc +NP Bytes +P Alloc +P Bytes$/);
    assert.deepEqual(printed({ terminalColumns: 119 }, ROWS), plain);
    assert.deepEqual(printed({ totals: false }, ROWS), plain);
  });

  it('shows on a wide terminal what each tag is known as, in a last column', () => {
    const wide = printed({ terminalColumns: 160 }, ROWS);
    assert.match(wide[0]!, / Known As$/);
    assert.match(wide[2]!, / tcpip\.sys: TCP endpoints$/);
    assert.match(wide[3]!, / candidates: leaky\.sys, other\.sys$/);
    assert.match(wide[4]!, / colour \\x1b\[31m and a\\x0aline$/);
    const plain = printed({}, ROWS);
    for (const [index, line] of wide.entries()) assert.ok(line.startsWith(plain[index]!), line);
  });

  it('never prints a line longer than the terminal is wide, and marks what is cut', () => {
    const long = [row('Long', [1n, 1n], { driver: 'long.sys', description: 'x'.repeat(500) })];
    for (let columns = 120; columns < 140; columns++) {
      const lines = printed({ terminalColumns: columns }, long);
      assert.equal(Math.max(...lines.map((line) => line.length)), columns);
      assert.ok(lines[2]!.endsWith('\u2026'));
    }
  });

  it('leaves names out where the counts leave no room', () => {
    const [wider] = printed({ terminalColumns: 120 }, [row('x'.repeat(60), [1n, 1n], { driver: 'x.sys' })]);
    assert.ok(!wider!.includes('Known As'));
  });

  it('ends in totals, exact beyond 2^53, that stand under their columns', () => {
    const lines = printed({ totals: true }, ROWS.slice(0, 2), ROWS.slice(2));
    assert.match(lines.at(-1)!, /^TOTAL +4611686018427387908 \(4611686018427387908\) +73786976294838206528 +3 \(3\) +48$/);
    assert.equal(lines.at(-2), lines[1]);
    assert.equal(lines.length, 2 + 3 + 2);
    const first = printed({ totals: true }, ROWS);
    assert.equal(new Set(first.map((line) => line.length)).size, 1);
  });

  it('totals no rows as zeros', () => {
    assert.match(printed({ totals: true }, []).at(-1)!, /^TOTAL +0 \(0\) +0 +0 \(0\) +0$/);
  });
});
