import assert from 'node:assert/strict';
import fc from 'fast-check';
import { diffRow, diffTags, TAG_DIFF } from '../../../src/dataset/query/diff.js';
import { senseOf } from '../../../src/dataset/query/diff-sense.js';
import { type DiffSubject, MEASURES, readDiffSubject, type TagCount } from '../../../src/dataset/query/diff-subject.js';
import { POOL_TAG } from '../../../src/record/schema/record-types.js';
import { misfit } from '../../../src/record/schema/record-type.js';
import { runCli } from '../../support/run/cli.js';
import { writeSmallImage } from '../../support/images/dataset-images.js';
import { Random } from '../../support/generate/random.js';
import { generateTags, tagKey } from '../../support/generate/tracker/tag-plan.js';
import type { TagPlan } from '../../support/generate/tracker/tracker-table-writer.js';
import { assertProperty } from '../../support/lanes/property.js';
import { temporaryFolder } from '../../support/run/temporary-folder.js';
import { writePart } from '../../support/records/write-part.js';

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const count = fc.record({
  key: fc.integer({ min: 1, max: 6 }),
  bytes: int64,
  outstanding: int64,
  allocs: int64,
  complete: fc.boolean(),
});
const counts = fc
  .array(count, { maxLength: 6 })
  .map((list) => new Map(list.map((one): [number, TagCount] => [one.key, { ...one, tag: `T${one.key}` }])));

describe('diff', () => {
  it('names each tag that differs once, those that grew most first', () => {
    assertProperty(
      fc.property(counts, counts, fc.constantFrom(...MEASURES), (before, after, by) => {
        const diffs = diffTags(before, after, by);
        const differing = [...new Set([...before.keys(), ...after.keys()])].filter(
          (key) =>
            before.has(key) !== after.has(key) ||
            MEASURES.some((measure) => before.get(key)![measure] !== after.get(key)![measure]),
        );
        assert.deepEqual(diffs.map(({ tag }) => tag).sort(), differing.map((key) => `T${key}`).sort());
        for (const [index, { change }] of diffs.entries()) assert.ok(index === 0 || diffs[index - 1]!.change >= change);
        for (const diff of diffs) {
          const row = diffRow(diff, 2);
          for (const column of TAG_DIFF.columns) assert.equal(misfit(column, row[column.name]), null);
        }
      }),
    );
  });

  it('is empty between equals, and the other way round has the opposite signs', () => {
    assertProperty(
      fc.property(counts, counts, (before, after) => {
        assert.deepEqual(diffTags(before, before, 'bytes'), []);
        const there = new Map(diffTags(before, after, 'bytes').map(({ tag, change }) => [tag, change]));
        for (const { tag, change } of diffTags(after, before, 'bytes'))
          assert.equal(BigInt.asIntN(64, change + there.get(tag)!), 0n);
      }),
    );
  });

  it('tells new, gone, grew, shrank and same, and by how many percent', () => {
    const one = (key: number, bytes: bigint, allocs = 1n): [number, TagCount] => [
      key,
      { key, tag: `T${key}`, bytes, outstanding: 0n, allocs, complete: true },
    ];
    const diffs = diffTags(
      new Map([one(1, 100n), one(2, 100n), one(3, 100n), one(4, 100n), one(5, 0n)]),
      new Map([one(1, 150n), one(2, 75n), one(4, 100n, 2n), one(5, 1n), one(6, 9n)]),
      'bytes',
    );
    assert.deepEqual(
      diffs
        .map((diff) => diffRow(diff, null))
        .map(({ tag, change, percent, bytes_change }) => [tag, change, percent, bytes_change]),
      [
        ['T1', 'grew', 50, 50n],
        ['T6', 'new', null, 9n],
        ['T5', 'grew', null, 1n],
        ['T4', 'same', 0, 0n],
        ['T2', 'shrank', -25, -25n],
        ['T3', 'gone', -100, -100n],
      ],
    );
  });

  describe('says what it compares', () => {
    const subject = (allocs: bigint, facts: Partial<DiffSubject> = {}): DiffSubject => ({
      name: 'x.raw',
      imageId: String(allocs),
      host: 'web01',
      windowsVersion: '10.0.22000.1219',
      kernelGuid: 'A'.repeat(32),
      capturedAt: 1_700_000_000_000 + Number(allocs),
      boot: { kernelBase: '0xfffff80000000000', firstTable: '0xffff800000001000' },
      tags: new Map([[1, { key: 1, tag: 'T1', bytes: 0n, outstanding: 0n, allocs, complete: true }]]),
      ...facts,
    });
    const codes = (before: DiffSubject, after: DiffSubject): string[] =>
      senseOf(before, after).warnings.map(({ code }) => code);
    const first = subject(1n);

    it('says nothing of two states of one start, and counts the hours', () => {
      const later = subject(2n, { capturedAt: first.capturedAt! + 7_200_000 });
      assert.deepEqual(senseOf(first, later), { warnings: [], hours: 2 });
    });

    it('says nothing where nothing is known', () => {
      const unknown = { host: null, windowsVersion: null, kernelGuid: null, capturedAt: null, boot: null };
      assert.deepEqual(senseOf(subject(1n, unknown), subject(2n, unknown)), { warnings: [], hours: null });
    });

    it('one kernel that is named to another precision is one build', () => {
      assert.deepEqual(codes(first, subject(2n, { windowsVersion: '10.0.22000' })), []);
    });

    for (const [code, facts] of [
      ['diff-hosts', { host: 'web02' }],
      ['diff-builds', { windowsVersion: '10.0.19041', kernelGuid: 'B'.repeat(32) }],
      ['diff-builds', { windowsVersion: '10.0.19041', kernelGuid: null }],
      ['diff-boots', { boot: { kernelBase: '0xfffff80000200000', firstTable: null } }],
      ['diff-boots', { boot: { kernelBase: '0xfffff80000000000', firstTable: '0xffff800000002000' } }],
      ['diff-order', { capturedAt: 1 }],
    ] as const) {
      it(`${code}: ${JSON.stringify(facts)}`, () => {
        assert.deepEqual(codes(first, subject(2n, facts)), [code]);
        assert.equal(senseOf(first, subject(2n, facts)).hours, null);
      });
    }

    it('the same memory is named, also twice', () => {
      assert.deepEqual(codes(first, first), ['diff-same']);
    });

    it('records do not have addresses: counts that fell tell of a restart', () => {
      assert.deepEqual(codes(subject(9n), subject(1n, { boot: null, capturedAt: null })), ['diff-boots']);
    });
  });

  describe('of files', () => {
    const folder = temporaryFolder();
    const tags = (leaked: bigint): TagPlan[] => [
      ...generateTags(new Random(1), 40, 2, 56),
      {
        key: tagKey('Drvr'),
        perProcessor: [{ nonPagedAllocs: 100n + leaked, nonPagedFrees: 100n, nonPagedBytes: 64n * leaked }],
      },
    ];

    before(async () => {
      await writeSmallImage(folder.path('before.raw'), 1, { tags: tags(10n) });
      await writeSmallImage(folder.path('after.raw'), 1, { tags: tags(11n) });
      assert.equal(
        (
          await runCli([
            'scan',
            folder.path('before.raw'),
            '-q',
            '-o',
            folder.path('before.parquet'),
            '-o',
            `image=${folder.path('image.ndjson')}`,
          ])
        ).status,
        0,
      );
    });

    it('reads the same counts from an image and from its records', async () => {
      assert.deepEqual(
        (await readDiffSubject(folder.path('before.parquet'))).tags,
        (await readDiffSubject(folder.path('before.raw'))).tags,
      );
    });

    for (const [limit, status] of [
      ['9.9', 1],
      ['10', 0],
      ['11', 0],
      ['0', 1],
    ] as const) {
      it(`--fail-over ${limit} of a tag that grew by 10 % exits with ${status}`, async () => {
        const end = await runCli([
          'diff',
          folder.path('before.parquet'),
          folder.path('after.raw'),
          '--by',
          'outstanding',
          '--fail-over',
          limit,
          '--json',
        ]);
        assert.equal(end.status, status, end.stderr);
        assert.match(end.stderr, /^from .*before\.parquet, Windows .*\nto {3}.*after\.raw, Windows .*\n/);
        assert.equal(
          end.stderr.split('\n').slice(2).join('\n'),
          status === 0 ? '' : `1 tags grew by more than ${limit} % (outstanding): Drvr (10.0 %)\n`,
        );
        assert.deepEqual(
          (JSON.parse(end.stdout) as { tag: string; bytes_change: number }[]).map(({ tag, bytes_change }) => [
            tag,
            bytes_change,
          ]),
          [['Drvr', 64]],
        );
      });
    }

    it('prints a table that fits, and refuses --fail-over where the two are the same memory', async () => {
      const [one, other] = [folder.path('before.raw'), folder.path('after.raw')];
      const printed = await runCli(['diff', one, other, '-q']);
      assert.deepEqual([printed.status, printed.stderr], [0, '']);
      assert.match(printed.stdout, /^Tag +Mark +Change +% +Bytes +.*\n[- ]+\nDrvr +grew +10 +64 +-? .*\n$/);
      assert.ok(printed.stdout.split('\n').every((line) => line.length <= 80));
      const same = await runCli(['diff', one, one, '--fail-over', '1']);
      assert.equal(same.status, 2);
      assert.match(same.stderr, /pool-tracker: --fail-over: both are the same memory.*; --force compares/);
      assert.equal((await runCli(['diff', one, one, '--fail-over', '1', '--force'])).status, 0);
    });

    it('looks at the tags that are asked for only', async () => {
      const end = await runCli([
        'diff',
        folder.path('before.raw'),
        folder.path('after.raw'),
        '--exclude',
        'Dr*',
        '--fail-over',
        '0',
        '--format',
        'ndjson',
      ]);
      assert.deepEqual([end.status, end.stdout], [0, '']);
    });

    it('refuses records of several images or of another kind', async () => {
      await writePart(folder.path('two.parquet'), POOL_TAG, [
        { image_id: 'a', key: 1 },
        { image_id: 'b', key: 1 },
      ]);
      for (const [input, message] of [
        ['two.parquet', /expected the records of one image, found those of a and b/],
        ['image.ndjson', /expected pool_tag records, found image/],
      ] as const) {
        const end = await runCli(['diff', folder.path(input), folder.path('before.raw')]);
        assert.equal(end.status, 2);
        assert.match(end.stderr, message);
      }
    });
  });
});
