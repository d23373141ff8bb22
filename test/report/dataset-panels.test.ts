import assert from 'node:assert/strict';
import { datasetPage } from '../../src/report/dataset/dataset.js';
import type { Leak } from '../../src/report/dataset/facts.js';
import { growth } from '../../src/report/dataset/growth.js';
import { oddHostPanel } from '../../src/report/dataset/odd-hosts.js';
import { timeSlots } from '../../src/report/dataset/time-slots.js';
import { unlikeOthers } from '../../src/report/dataset/unlike-others.js';
import { datasetVerdict } from '../../src/report/dataset/verdict.js';
import { banner } from '../../src/report/page/panel.js';
import { capture, datasetFacts, seen } from '../support/records/report-facts.js';

const FAILED = {
  state: 'failed',
  why: 'no kernel found: and much more',
  errorCode: 'NO_KERNEL',
  nonpaged: null,
  paged: null,
  version: null,
} as const;

function leak(more: Partial<Leak> = {}): Leak {
  const point = (hour: number, boot: number) => ({
    time: Date.UTC(2024, 2, 1, hour),
    boot,
    bytes: BigInt(hour + 1) << 20n,
  });
  return {
    host: 'host1',
    tag: 'Leak',
    key: 1,
    place: 'table',
    captures: 6,
    boots: 2,
    bytesPerHour: 2 ** 20,
    outstandingPerHour: 100,
    firstBytes: 1n << 20n,
    lastBytes: 6n << 20n,
    rising: 1,
    series: [point(0, 0), point(1, 0), point(2, 0), point(3, 1), point(4, 1), point(5, 1)],
    others: [0, 1, 2].map((hour) => ({ ...point(hour, 0), host: 'host2', bytes: 1n << 18n })),
    ...more,
  };
}

describe('the verdict on a dataset', () => {
  it('is green where every capture is whole', () => {
    const verdict = datasetVerdict(datasetFacts([capture('a', 1), capture('a', 2)]));
    assert.deepEqual([verdict.look, verdict.heading, verdict.doubts], ['good', 'All 2 captures are whole', []]);
  });

  it('names the first ten that are not, and counts the others', () => {
    const broken = Array.from({ length: 14 }, (_, hour) => capture('a', hour, FAILED));
    const text = seen(banner(datasetVerdict(datasetFacts([...broken, capture('a', 20)]))).text);
    assert.match(text, /14 of 15 captures are not whole/);
    assert.equal([...text.matchAll(/✕ failed a\//g)].length, 10);
    assert.match(text, /and 4 more: 14 failed ones/);
    assert.match(text, /no kernel found: and much more \(NO_KERNEL\)/);
  });

  it('tells of files that were passed over', () => {
    const passedOver = [{ path: 'a/notes.txt', reason: 'a/notes.txt is text' }];
    const text = seen(banner(datasetVerdict(datasetFacts([capture('a', 1)], { passedOver }))).text);
    assert.match(text, /1 file was passed over: a\/notes.txt is text/);
  });
});

describe('the hosts of a dataset', () => {
  it('have a column for what has no time, and the time of a file is none', () => {
    const late = { ...FAILED, time: Date.UTC(2031, 0, 1), timeFrom: 'file' };
    const { text } = oddHostPanel(datasetFacts([capture('a', 0), capture('a', 6), capture('a', 12, late)]));
    assert.match(text, />no time<\/text>/);
    assert.match(text, />✕<\/text>/);
    assert.doesNotMatch(text, /2031/);
  });

  it('show restarts and new builds, and no sum of what is not whole', () => {
    const { text } = oddHostPanel(
      datasetFacts([
        capture('a', 0),
        capture('a', 6, { isAfterRestart: true }),
        capture('a', 12, { version: '10.0.22000.1219' }),
        capture('a', 18, { version: null, state: 'incomplete', why: 'cut', nonpaged: null, paged: null }),
      ]),
    );
    for (const sign of ['↻', '▲', '◐']) assert.match(text, new RegExp(`>${sign}</text>`));
    assert.match(text, /incomplete: no sum/);
    assert.match(text, />19041 → 22000<\/text>/);
  });

  it('are those that are odd where there are too many', () => {
    const many = Array.from({ length: 200 }, (_, host) => capture(`host${host}`, 1));
    const { text } = oddHostPanel(datasetFacts(many, { leaks: [leak({ host: 'host199' })] }));
    assert.match(seen(text), /60 of 200 hosts, odd ones first/);
    assert.match(text, />host199<title>/);
    assert.match(text, />Leak grows<\/text>/);
  });

  it('need a time to be in order', () => {
    assert.match(timeSlots([capture('a', 0, { time: null })]).about, /No capture has a time/);
    const slots = timeSlots([capture('a', 0), capture('a', 6), capture('a', 12)]);
    assert.deepEqual([slots.count, slots.indexOf(Date.UTC(2024, 2, 1, 6))], [3, 1]);
  });

  it('have at most 60 columns, however long it took', () => {
    const years = Array.from({ length: 500 }, (_, day) => capture('a', 0, { time: Date.UTC(2020, 0, day) }));
    assert.ok(timeSlots(years).count <= 61);
    const extreme = [capture('a', 0, { time: 0 }), capture('a', 0, { time: 8e15 })];
    assert.ok(timeSlots(extreme).count <= 121);
  });
});

describe('growth', () => {
  it('is broken at restarts, with the others in grey', () => {
    const text = growth(datasetFacts([capture('host1', 0)], { leaks: [leak()] })).text;
    const line = /<g[^>]*stroke="var\(--suspect\)"[^>]*>(.*?)<\/g>/.exec(text)![1]!;
    assert.equal([...line.matchAll(/<path/g)].length, 2);
    assert.match(text, /stroke="var\(--unknown\)"/);
    assert.match(
      seen(text),
      /\+1\.00 MiB an hour, 100 allocations an hour; 1\.00 MiB → 6\.00 MiB in 6 captures over 2 starts/,
    );
  });

  it('beyond twelve is a list', () => {
    const leaks = Array.from({ length: 20 }, (_, key) => leak({ key, host: `host${key}` }));
    assert.match(seen(growth(datasetFacts([capture('host1', 0)], { leaks })).text), /and 8 more/);
  });

  it('keeps its place where there is none, or nothing tells', () => {
    assert.match(seen(growth(datasetFacts([capture('a', 0)])).text), /Nothing grows/);
    const judged = { boots: 0, hosts: 0, minCaptures: 6 };
    assert.match(seen(growth(datasetFacts([capture('a', 0)], { judged })).text), /Too short to tell/);
  });
});

describe('hosts unlike others', () => {
  const outlier = {
    host: 'h1',
    version: '10.0.19041.1466',
    tag: 'Big ',
    key: 7,
    bytes: 8 << 20,
    fleetBytes: 1 << 20,
    score: 20,
  };

  it('stand by the ratio to the median', () => {
    const medians = ['h2', 'h3'].map((host) => ({ host, version: outlier.version, key: 7, bytes: 1n << 20n }));
    const text = unlikeOthers(datasetFacts([capture('h1', 0)], { outliers: [outlier], medians })).text;
    assert.match(text, />h1 8\.00 MiB<\/text>/);
    assert.match(text, />8 ×<\/text>/);
  });

  it('of which the median holds nothing have a place too', () => {
    const text = unlikeOthers(datasetFacts([capture('h1', 0)], { outliers: [{ ...outlier, fleetBytes: 0 }] })).text;
    assert.doesNotMatch(text, /NaN|Infinity/);
  });

  it('need five of a build', () => {
    assert.match(seen(unlikeOthers(datasetFacts([capture('h1', 0)])).text), /Nothing to compare with/);
  });
});

describe('the page of a dataset', () => {
  for (const [name, captures] of [
    ['no capture', []],
    ['failed ones alone', [capture('a', 0, FAILED), capture('b', 0, { ...FAILED, time: null })]],
    ['hosts with hostile names', [capture('</script><b>\u202e', 0), capture('x'.repeat(5000), 0)]],
  ] as const)
    it(`keeps every panel with ${name}`, () => {
      const page = datasetPage(datasetFacts(captures), 'lake');
      for (const id of ['hosts', 'growth', 'outliers', 'top-tags', 'builds', 'captures', 'decided'])
        assert.ok(page.includes(`id="${id}"`), id);
      const body = page.replace(/<(style|script)[^>]*>.*?<\/\1>/gs, '');
      assert.doesNotMatch(body, /NaN|Infinity|undefined|\u202e|<b>\\u/);
    });
});
