import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { reportAssets } from '../../scripts/build-report-page.js';
import { freeLabels } from '../../src/report/chart/labels.js';
import type { TableData } from '../../src/report/page/cells.js';
import { foreign, html, shortened } from '../../src/report/page/html.js';
import { pageText } from '../../src/report/page/page.js';
import { exactValue, jsonBlock } from '../../src/report/page/sorted-table.js';
import * as units from '../../src/report/page/units.js';
import { csvOf, matchOf, otherCaseHint, RowOrder, sumText } from '../../src/report/client/rows.js';

describe('the page of a report', () => {
  const page = pageText({ title: '<b>', about: ['x'], body: html`<p>${'<i>'}</p>` });

  it('permits its own style and script, by their hashes, and nothing else', () => {
    const policy = /content="(default-src[^"]*)"/.exec(page)![1]!;
    for (const [name, directive] of [
      ['style', 'style-src'],
      ['script', 'script-src'],
    ]) {
      const text = new RegExp(`<${name}>(.*?)</${name}>`, 's').exec(page)![1]!;
      assert.ok(policy.includes(`${directive} 'sha256-${createHash('sha256').update(text).digest('base64')}'`), name);
    }
    assert.match(policy, /^default-src 'none'; .*base-uri 'none'; form-action 'none'$/);
    assert.doesNotMatch(page, /unsafe-|https?:\/\/(?!www\.w3\.org)| style=| on[a-z]+=/);
  });

  it('escapes what it is given', () => {
    assert.match(page, /<title>&lt;b&gt;<\/title>/);
    assert.match(page, /<p>&lt;i&gt;<\/p>/);
    assert.equal(foreign('a\u202eb<').text, '<bdi>a\\u{202e}b&lt;</bdi>');
    assert.doesNotMatch(jsonBlock('rows', ['</script>']).text.slice(0, -'</script>\n'.length), /<\//);
  });

  it('has the script and the style that their sources give', async () => {
    const generated = readFileSync(new URL('../../src/report/page/assets.ts', import.meta.url), 'utf8');
    assert.equal(generated, await reportAssets());
  });
});

describe('numbers for people', () => {
  it('have three digits, and never a double behind them', () => {
    const cases: [bigint, string][] = [
      [0n, '0 bytes'],
      [1n, '1 byte'],
      [999n, '999 bytes'],
      [1000n, '0.98 KiB'],
      [1024n, '1.00 KiB'],
      [11_663_360n, '11.1 MiB'],
      [1_047_552n, '1.00 MiB'],
      [-(2994n << 20n), '−2.92 GiB'],
      [(1n << 63n) - 1n, '8.00 EiB'],
    ];
    assert.deepEqual(
      cases.map(([bytes]) => units.bytesText(bytes)),
      cases.map(([, text]) => text),
    );
    assert.equal(units.exact((1n << 63n) - 1n), '9,223,372,036,854,775,807');
    assert.equal(units.countText(94_532n), '94.5 k');
    assert.equal(units.kibText(-1n), '−<0.1');
    assert.equal(units.kibText(11_663_360n), '11,390.0');
    assert.equal(units.axisBytes(4096n), '4 KiB');
  });

  it('are no 0 % of some, and no 100 % of less than all', () => {
    assert.equal(units.shareText(1n, 10_000n), 'under 1 %');
    assert.equal(units.shareText(9_999n, 10_000n), 'over 99 %');
    assert.equal(units.shareText(0n, 0n), '–');
    assert.equal(units.shareText(7n, 7n), '100 %');
  });

  it('are exact in JSON', () => {
    assert.equal(exactValue(123n), 123);
    assert.equal(exactValue((1n << 63n) - 1n), '9223372036854775807');
  });

  it('and long names keep both ends', () => assert.equal(shortened('a'.repeat(50) + 'z', 5), 'aa…az'));
});

describe('labels of points', () => {
  it('lie over no other, nor over a point', () => {
    const point = (x: number, y: number) => ({ of: `${x}`, x, y, width: 30 });
    const points = [point(50, 50), point(52, 52), point(54, 54), point(95, 50)];
    const placed = freeLabels(points, points, { right: 120, height: 12 });
    assert.ok(placed.length >= 2);
    const boxes = placed.map(({ of, dx, dy }) => {
      const { x, y } = points.find((one) => one.of === of)!;
      return [x + dx - 15, x + dx + 15, y + dy - 6, y + dy + 6] as const;
    });
    for (const [index, a] of boxes.entries())
      for (const b of boxes.slice(index + 1)) assert.ok(a[1] < b[0] || a[0] > b[1] || a[3] < b[2] || a[2] > b[3]);
  });
});

describe('the rows of a sorted table', () => {
  const data: TableData = {
    columns: [
      { title: 'Tag', kind: 'tag', csv: 'tag', isSearched: true },
      { title: 'KiB', kind: 'kib', csv: 'bytes' },
      { title: 'Driver', kind: 'name', csv: 'driver', isSearched: true },
    ],
    marks: [{ label: 'in use' }, { label: 'incomplete', sign: '◐' }],
    sortedBy: 1,
    summed: 1,
    unsummed: 1,
    rows: [
      ['NtFs', '9223372036854775807', 'ntfs.sys', 1],
      ['NTfx', 2048, null, 3],
      ['=1+2', 1024, '@evil', 0],
      ['Key ', 0, 'nt!cm', 1],
    ],
  };
  const found = (text: string, marks = 0): unknown[] =>
    data.rows.filter(matchOf(data, text, marks)).map(([tag]) => tag);

  it('fit patterns as --tag has them, else text in any column', () => {
    assert.deepEqual(found('Nt*'), ['NtFs']);
    assert.deepEqual(found('N?f?'), ['NTfx']);
    assert.deepEqual(found('Key?'), ['Key ']);
    assert.deepEqual(found('NTFS'), ['NtFs']);
    assert.deepEqual(found('(['), []);
    assert.deepEqual(found('', 3), ['NTfx']);
  });

  it('that would fit in other case are told of', () => {
    assert.equal(otherCaseHint(data, 'nt*'), 'Nothing fits nt*. In other case 2 would: NtFs, NTfx');
    assert.equal(otherCaseHint(data, 'zz*'), null);
  });

  it('are summed exactly, without those that may be incomplete', () => {
    assert.equal(sumText(data, data.rows), '9,007,199,254,740,993.0 KiB without 1 ◐');
  });

  it('have no sum where all may be incomplete', () => assert.equal(sumText(data, [data.rows[1]!]), 'no sum: all ◐'));

  it('are sorted as numbers of any size, and what is not known comes last', () => {
    const order = new RowOrder(data);
    assert.equal(order.sortBy(1), false);
    assert.deepEqual(order.indices(), [3, 2, 1, 0]);
    order.sortBy(2);
    assert.equal(order.indices().at(-1), 1);
    order.sortBy(2);
    assert.equal(order.indices().at(-1), 1);
  });

  it('are copied exactly, and run nowhere as formulas', () => {
    const csv = csvOf(data, data.rows).split('\r\n');
    assert.deepEqual(csv.slice(0, 4), [
      'tag,bytes,driver,marks',
      'NtFs,9223372036854775807,ntfs.sys,',
      'NTfx,2048,,incomplete',
      "'=1+2,1024,'@evil,",
    ]);
  });
});
