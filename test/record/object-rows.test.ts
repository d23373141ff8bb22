import assert from 'node:assert/strict';
import { isMissing } from '../../src/errors.js';
import type { HeldObjects } from '../../src/kernel/objects/objects.js';
import { rowsOf, shortfall } from '../../src/record/rows/rows.js';
import { misfit, type RecordType, type Row } from '../../src/record/schema/record-type.js';
import { BIGPOOL, OBJECT_COUNT, OBJECT_HOLDER, POOL_TAG, PROCESS } from '../../src/record/schema/record-types.js';
import type { DecodedScan } from '../../src/scan/scan-result.js';
import { carveStream, makeTables, pagesOf } from '../support/expect/carve-pages.js';
import { generateMemory } from '../support/generate/memory.js';
import { listedBuild } from '../support/generate/kernel/kernel-structures.js';
import { SAMPLE_PROCESSES } from '../support/generate/objects/object-sample.js';
import { tagKey } from '../support/generate/tracker/tag-plan.js';
import { walkBuffer } from '../support/expect/generated-scan.js';
import { rawBuffer } from '../support/write/raw.js';

let sample: Promise<DecodedScan> | undefined;

function decoded(): Promise<DecodedScan> {
  return (sample ??= walkBuffer(
    rawBuffer(
      generateMemory({
        build: listedBuild('10.0.19041.1466'),
        processes: SAMPLE_PROCESSES,
        bigPages: [{ key: tagKey('Proc'), bytes: 0x2000n }],
      }),
    ),
  ));
}

async function collected(rows: Iterable<Row> | AsyncIterable<Row>): Promise<Row[]> {
  const all: Row[] = [];
  for await (const row of rows) all.push(row);
  return all;
}

function assertFits(rows: readonly Row[], type: RecordType): void {
  assert.ok(rows.length > 0);
  for (const row of rows) {
    assert.deepEqual(
      type.columns.map((column) => misfit(column, row[column.name])).filter((why) => why !== null),
      [],
    );
    assert.deepEqual(
      type.columns.filter(({ name }) => !(name in row)).map(({ name }) => name),
      [],
      'no column is left out',
    );
  }
}

describe('records of objects', () => {
  it('have every column, each of its type', async () => {
    assertFits(await collected(rowsOf(PROCESS, await decoded())), PROCESS);
    assertFits(await collected(rowsOf(OBJECT_COUNT, await decoded())), OBJECT_COUNT);
    assertFits(await collected(rowsOf(OBJECT_HOLDER, await decoded())), OBJECT_HOLDER);
    assertFits(await collected(rowsOf(BIGPOOL, await decoded())), BIGPOOL);
  });

  it('tell the difference to what the tag has outstanding', async () => {
    const image = await decoded();
    const proc = image.totals.find(({ key }) => key === tagKey('Proc'))!;
    const outstanding = proc.nonPagedOutstanding + proc.pagedOutstanding;
    const rows = await collected(rowsOf(OBJECT_COUNT, image));
    const list = rows.find(({ kind, method }) => kind === 'process' && method === 'PsActiveProcessHead')!;
    assert.equal(list.tag, 'Proc');
    assert.equal(list.tag_outstanding, outstanding);
    assert.equal(list.difference, 8n - outstanding);
    assert.equal(list.terminated, 1);
    const modules = rows.find(({ kind }) => kind === 'module')!;
    assert.equal(modules.available, false);
    assert.deepEqual([modules.found, modules.difference], [null, null]);
  });

  it('say that a way did not work which finds none where the tag counts many', async () => {
    const image = await decoded();
    const { objects } = image;
    assert.ok(!isMissing(objects));
    const { processes, counts, held } = await objects.objects();
    const blind = counts.map((count) =>
      count.method === 'PspCidTable'
        ? { ...count, found: 0, terminated: 0, unreadable: 3, reason: 'a page is missing' }
        : count,
    );
    const seen = processes.map((one) => ({ ...one, seenBy: { ...one.seenBy, PspCidTable: false } }));
    const told = async (outstanding: bigint): Promise<[Row[], Row[]]> => {
      const totals = image.totals.map((total) =>
        total.key === tagKey('Proc') ? { ...total, nonPagedOutstanding: outstanding, pagedOutstanding: 0n } : total,
      );
      const result = {
        ...image,
        totals,
        objects: { ...objects, objects: () => Promise.resolve({ processes: seen, counts: blind, held }) },
      };
      return [await collected(rowsOf(OBJECT_COUNT, result)), await collected(rowsOf(PROCESS, result))];
    };
    const ofCid = (rows: readonly Row[]): Row =>
      rows.find(({ kind, method }) => kind === 'process' && method === 'PspCidTable')!;
    const [many, unseen] = await told(1000n);
    assertFits(many, OBJECT_COUNT);
    const { available, found, unreadable, difference, reason } = ofCid(many);
    assert.deepEqual([available, found, unreadable, difference], [false, null, null, null]);
    assert.equal(reason, 'this way did not work: it found none, and Proc has 1000 outstanding; a page is missing');
    assert.ok(unseen.every((row) => row.seen_by_pspcidtable === null && row.seen_by_psactiveprocesshead !== null));
    // Of a few none may be found.
    const [few, missed] = await told(8n);
    assert.deepEqual([ofCid(few).found, ofCid(few).difference], [0, -8n]);
    assert.ok(missed.every((row) => row.seen_by_pspcidtable === false));
  });

  it('say which objects are left out, and what of handles could not be read', async () => {
    const image = await decoded();
    const { objects } = image;
    assert.ok(!isMissing(objects));
    const survey = await objects.objects();
    const asked: string[] = [];
    const told = (lacks: Partial<HeldObjects>): Promise<string | null> => {
      const held = async (isWanted: (type: string) => boolean): Promise<HeldObjects> => {
        asked.push(...['Process', 'File'].filter(isWanted));
        const found = await survey.held(isWanted);
        assert.ok(!isMissing(found));
        return { ...found, ...lacks };
      };
      const result = { ...image, objects: { ...objects, objects: () => Promise.resolve({ ...survey, held }) } };
      return shortfall(OBJECT_HOLDER, result, { tags: ['Proc'] });
    };
    assert.equal(await told({}), null);
    assert.deepEqual(asked, ['Process'], 'it is asked of what is selected');
    const unread = { unreadable: 2, reason: 'a page is missing' };
    const parts = '2 parts of handle tables could not be read, the first: a page is missing';
    assert.equal(await told(unread), parts);
    assert.equal(await told({ ...unread, leftOut: 'more than 7' }), `more than 7; ${parts}`);
    assert.match((await told({ holdersMissing: 'no layout' }))!, /^who has handles to them is not known: no layout$/);
  });

  it('add a tag with PROTECTED_POOL to its namesake', async () => {
    const image = await decoded();
    const proc = image.totals.find(({ key }) => key === tagKey('Proc'))!;
    const twice = { ...image, totals: [...image.totals, { ...proc, key: (proc.key | 0x80000000) >>> 0 }] };
    const [row] = await collected(rowsOf(OBJECT_COUNT, twice));
    assert.equal(row!.tag_outstanding, 2n * (proc.nonPagedOutstanding + proc.pagedOutstanding));
  });

  it('say that carved tables have none', async () => {
    const pages = pagesOf(makeTables({ seed: 4, entrySize: 40, slots: 512, processors: 2, tagCount: 200 }));
    const carved = await carveStream(pages);
    const rows = await collected(rowsOf(OBJECT_COUNT, carved));
    assert.deepEqual(
      rows.map(({ kind }) => kind),
      ['process', 'thread', 'token', 'file', 'key', 'handle_table', 'module'],
    );
    assert.ok(
      rows.every(
        ({ available, found, reason }) => available === false && found === null && /carved/.test(String(reason)),
      ),
    );
    assert.deepEqual(await collected(rowsOf(PROCESS, carved)), []);
    assert.deepEqual(await collected(rowsOf(BIGPOOL, carved)), []);
    assert.match((await shortfall(PROCESS, carved))!, /carved/);
    assert.equal(await shortfall(POOL_TAG, carved), null);
  });
});
