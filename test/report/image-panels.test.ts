import assert from 'node:assert/strict';
import type { Row } from '../../src/record/schema/record-type.js';
import { addsUp } from '../../src/report/image/adds-up.js';
import { bigAllocations } from '../../src/report/image/big-allocations.js';
import { tagFacts } from '../../src/report/image/facts.js';
import { imagePage } from '../../src/report/image/image.js';
import { leakSuspects, suspects } from '../../src/report/image/leak-suspects.js';
import { processLists } from '../../src/report/image/process-lists.js';
import { processorPanel } from '../../src/report/image/processors.js';
import { imageTiles } from '../../src/report/image/tiles.js';
import { imageVerdict } from '../../src/report/image/verdict.js';
import { whichDriver } from '../../src/report/image/which-driver.js';
import { whoHolds } from '../../src/report/image/who-holds.js';
import { banner } from '../../src/report/page/panel.js';
import { imageFacts, seen, tagRow } from '../support/records/report-facts.js';

const DOUBT: Row = { complete: false };
const HUGE: Row = {
  nonpaged_bytes: -(3n << 40n),
  nonpaged_outstanding: -5000n,
  consistency: 'impossible',
  complete: false,
};

const LEAK: Row = {
  nonpaged_allocs: 5000n,
  nonpaged_frees: 12n,
  nonpaged_outstanding: 4988n,
  nonpaged_bytes: 4988n * 512n,
  driver: 'leaky.sys',
};

function process(name: string, more: Row = {}): Row {
  return {
    name,
    pid: 4,
    exit_time: null,
    seen_by_psactiveprocesshead: true,
    seen_by_pspcidtable: true,
    seen_by_csrss: null,
    seen_by_sessions: null,
    seen_by_handles: null,
    ...more,
  };
}

describe('the verdict on an image', () => {
  const heading = (...facts: Parameters<typeof imageFacts>): string => imageVerdict(imageFacts(...facts)).heading;

  it('is green where all is proved', () => {
    const verdict = imageVerdict(imageFacts([tagRow('Good')]));
    assert.equal(verdict.look, 'good');
    assert.equal(verdict.heading, 'Every count is exact');
    assert.deepEqual(verdict.doubts, []);
  });

  it('puts what is incomplete first, and names the processor whose page is missing', () => {
    const facts = imageFacts([tagRow('Good'), tagRow('Bad ', { ...DOUBT, key: 2 })], {
      image: {
        status: 'incomplete',
        pages_missing: 1,
        entries_missing: 74,
        tables: [
          { processor: 0, pages: 57, pages_missing: 0 },
          { processor: 1, pages: 56, pages_missing: 1 },
        ],
        doubts: [{ code: 'pages-missing', count: 74, message: 'entries were not read', slots: [[1, 74]] }],
        warnings: [{ code: 'pages-missing', message: 'the same in other words' }],
      },
    });
    const text = seen(banner(imageVerdict(facts)).text);
    assert.match(text, /Incomplete: read this before the numbers/);
    assert.match(text, /1 of 2 tags is marked ◐: its counts may be too low or too high/);
    assert.match(text, /1 page of processor 1’s table is missing: 74 entries not read/);
    assert.doesNotMatch(text, /in other words/);
  });

  it('says that it does not add up where counts are below zero or processes hide', () => {
    const below = { nonpaged_outstanding: -2n, consistency: 'torn' };
    assert.equal(heading([tagRow('Torn', below)]), 'Complete, but it does not add up');
    const hidden = process('svhost.exe', { seen_by_psactiveprocesshead: false });
    const text = seen(banner(imageVerdict(imageFacts([tagRow('Good')], { processes: [hidden] }))).text);
    assert.match(text, /◆ 1 process runs and is missing from a list that has all: svhost.exe \(4\)/);
  });

  it('is not green where a fact is unknown', () => {
    const wanted = 'Not everything could be proved';
    assert.equal(heading([tagRow('Good')], { image: { processors: null } }), wanted);
    assert.equal(
      heading([tagRow('Good')], { image: { facts: [{ fact: 'latest', outcome: 'unknown', detail: 'x' }] } }),
      wanted,
    );
    assert.equal(heading([tagRow('Good')], { image: { located_by: 'carve' } }), wanted);
  });
});

describe('sums of an image', () => {
  it('leave out what may be incomplete, and say so', () => {
    const text = seen(imageTiles(imageFacts([tagRow('Good'), tagRow('Huge', HUGE)])).text);
    assert.match(text, /Nonpaged pool ?100 KiB ?1 tag; 1 ◐ not in it/);
    assert.doesNotMatch(text, /−/);
  });

  it('are no number where nothing is certain', () => {
    const text = seen(imageTiles(imageFacts([tagRow('Huge', HUGE)])).text);
    assert.match(text, /Nonpaged pool ?– ?0 tags; 1 ◐ not in it/);
    assert.match(text, /Processes ?– ?not read/);
  });
});

describe('panels of tags', () => {
  it('mark what is incomplete by a sign and not by colour alone', () => {
    const { text } = whoHolds(imageFacts([tagRow('Good'), tagRow('Bad ', DOUBT)]));
    assert.match(text, />◐<\/text>/);
    assert.match(text, /stroke-dasharray="3 2"/);
    assert.match(seen(text), /1 of them may be incomplete and is not in the sum/);
  });

  it('suspect many allocations that are hardly ever freed, and judge nothing incomplete', () => {
    const tags = tagFacts([tagRow('Leak', LEAK), tagRow('Half', { ...LEAK, ...DOUBT }), tagRow('Good')]);
    assert.deepEqual(
      suspects(tags).map(({ tag }) => tag),
      ['Leak'],
    );
    const text = seen(leakSuspects(tags).text);
    assert.match(text, /1 tag has many allocations and freed hardly any/);
    assert.match(text, /1 incomplete tag \(◐\) is not judged/);
  });

  it('know nothing where no count is certain', () => {
    const facts = imageFacts([tagRow('Bad1', DOUBT), tagRow('Bad2', { ...DOUBT, driver: 'nt!mm' })]);
    const { tags } = facts;
    assert.match(seen(whoHolds(facts).text), /No tag’s counts are certain/);
    for (const panel of [leakSuspects, whichDriver]) assert.match(seen(panel(tags).text), /Not known: no tag’s counts/);
  });

  it('name components of the kernel together, and say which names come from code', () => {
    const tags = tagFacts([
      tagRow('MmCa', { driver: 'nt!mm' }),
      tagRow('ObSt', { driver: 'nt!ob' }),
      tagRow('Own1', { candidates: '["own.sys"]' }),
    ]);
    const text = seen(whichDriver(tags).text);
    assert.match(text, /Windows kernel holds 67 %/);
    assert.match(text, /1 name not on the lists was found in drivers’ code/);
  });

  for (const [name, rows] of [
    ['no tag', []],
    ['one tag', [tagRow('Only')]],
    ['one tag that holds nothing', [tagRow('None', { nonpaged_bytes: 0n, nonpaged_outstanding: 0n })]],
    ['tags below zero alone', [tagRow('Huge', HUGE), tagRow('Hug2', HUGE)]],
    [
      'the largest counters there are',
      [
        tagRow('Most', {
          nonpaged_bytes: (1n << 63n) - 1n,
          nonpaged_outstanding: (1n << 63n) - 1n,
          nonpaged_allocs: (1n << 63n) - 1n,
        }),
      ],
    ],
    ['4,000 tags of one size', Array.from({ length: 4000 }, (_, key) => tagRow(`T${key.toString(36)}`, { key }))],
  ] as const)
    it(`keep their places with ${name}`, () => {
      const page = imagePage(imageFacts(rows), 'title');
      for (const id of ['holders', 'leaks', 'drivers', 'big', 'processes', 'adds-up', 'processors', 'tags', 'found'])
        assert.ok(page.includes(`id="${id}"`), id);
      assert.doesNotMatch(page.replace(/<(style|script)>.*?<\/\1>/gs, ''), /NaN|Infinity|undefined/);
    });
});

describe('processors', () => {
  const whole = (count: number): object[] =>
    Array.from({ length: count }, (_, processor) => ({ processor, pages: 56, pages_missing: 0 }));
  const shown = (
    count: number,
    differences: (bigint | null)[],
    row: Row = {},
    tables: object[] = whole(count),
  ): string => {
    const processors = differences.map((difference, processor) => ({ key: 1, processor, difference }));
    return processorPanel(imageFacts([tagRow('Tag1', row)], { processors, image: { processors: count, tables } })).text;
  };

  it('show who allocates and who frees', () => {
    const text = shown(2, [500n, -400n]);
    assert.match(text, /class="more-5" title="\+500"/);
    assert.match(text, /class="less-4" title="−400"/);
  });

  it('tell what was not read from what is not there', () => {
    const missing = [...whole(1), { processor: 1, pages: 56, pages_missing: 1 }];
    assert.match(seen(shown(2, [5n], { complete: false }, missing)), /◐ 1/);
    assert.match(shown(2, [5n], { complete: false }, missing), /class="not-read"/);
    assert.doesNotMatch(shown(2, [5n]), /class="not-read"/);
    assert.match(shown(2, [5n]), /aria-label="no entry"/);
    // A processor whose table was not found at all.
    assert.match(shown(2, [5n], { complete: false }, whole(1)), /class="not-read"/);
  });

  it('are not told of pages that do not say whose they are', () => {
    const carved = imageFacts([tagRow('Tag1')], {
      processors: [{ key: 1, processor: 0, difference: 5n }],
      image: { processors: 4, located_by: 'carve' },
    });
    assert.match(seen(processorPanel(carved).text), /No count of a single processor was read/);
  });

  it('are grouped where there are thousands', () => {
    const text = shown(
      2048,
      Array.from({ length: 2048 }, () => 3n),
    );
    assert.equal([...text.matchAll(/<th scope="col"/g)].length, 33);
    assert.match(text, /0–63/);
    assert.match(text, />\s*192\s*<\/td>/);
  });
});

describe('processes and objects', () => {
  it('list only those that not all ways see, the hidden first', () => {
    const rows = [
      process('ended.exe', { exit_time: 0, seen_by_pspcidtable: false }),
      process('fine.exe'),
      process('hidden.exe', { seen_by_psactiveprocesshead: false }),
    ];
    const text = seen(processLists(rows, [], null).text);
    assert.match(text, /hidden\.exe.*ended\.exe.*1 others/);
    assert.doesNotMatch(text, /fine\.exe/);
  });

  it('accuse no process that only a list which was read in part lacks', () => {
    const rows = [process('fine.exe'), process('unread.exe', { seen_by_pspcidtable: false })];
    const partly = [
      {
        kind: 'process',
        method: 'PspCidTable',
        available: true,
        found: 1,
        unreadable: 3,
        tag: 'Proc',
        tag_outstanding: 2n,
      },
    ];
    const text = seen(processLists(rows, partly, null).text);
    assert.match(text, /◐ Read in part, so that what they lack may be there: Id table/);
    assert.doesNotMatch(text, /hidden|missing from a list that has all: /);
    assert.match(seen(processLists(rows, [], null).text), /◆ hidden/);
    assert.match(seen(addsUp([{ ...partly[0]!, found: 2, reason: null }], null).text), /0 of 0 kinds add up.*◐ 0/);
  });

  it('do not take a way that sees nothing for one that works', () => {
    const text = seen(processLists([process('a.exe', { seen_by_pspcidtable: false })], [], null).text);
    assert.match(text, /found by one way only, so nothing can be compared/);
  });

  it('compare the way that found most, and know nothing of others', () => {
    const row = {
      kind: 'thread',
      tag: 'Thre',
      tag_outstanding: 50n,
      tag_complete: true,
      reason: 'none of 64',
      unreadable: 0,
    };
    const none: Row = { ...row, method: 'Handles', available: false, found: null };
    assert.match(seen(addsUp([none], null).text), /Not known: no way of counting objects works here/);
    const some: Row = { ...row, method: 'PspCidTable', available: true, found: 48 };
    assert.match(seen(addsUp([none, some], null).text), /thread ?Thre ?50 ?48 ?−2 ?PspCidTable/);
    assert.match(seen(addsUp([{ ...some, tag_complete: false }], null).text), /◐ −2/);
  });

  it('say why big allocations were not read', () => {
    assert.match(
      seen(bigAllocations({ missing: 'PoolBigPageTable is gone' }).text),
      /was not read.*PoolBigPageTable is gone/,
    );
  });
});

describe('hostile names', () => {
  const EVIL = '<img src=x onerror=alert(1)></script><script>\u202e"\'&\u0000';

  it('are text, and what is hidden in them shows', () => {
    const long = 'x'.repeat(100_000);
    const page = imagePage(
      imageFacts([tagRow('Evil', { driver: EVIL, description: EVIL }), tagRow('Long', { driver: long, key: 2 })], {
        processes: [process(EVIL, { seen_by_psactiveprocesshead: false }), process(long)],
        image: {
          image_path: EVIL,
          host: EVIL,
          format: EVIL,
          warnings: [{ code: 'x', message: EVIL }],
          rejected: [{ what: 'kernel', address: '0x0', from: EVIL, reason: EVIL }],
        },
      }),
      EVIL,
    );
    assert.doesNotMatch(page, /<img|\u0000/);
    // In the data block it is escaped as JSON, and shown escaped by what draws it.
    assert.doesNotMatch(page.replace(/<script type="application\/json".*?<\/script>/s, ''), /\u202e/);
    assert.equal([...page.matchAll(/<script/g)].length, 2);
    assert.equal([...page.matchAll(/<\/script>/g)].length, 2);
  });
});
