import assert from 'node:assert/strict';
import { IMAGE, POOL_TAG } from '../../../src/record/schema/record-types.js';
import type { Row } from '../../../src/record/schema/record-type.js';
import { Random } from '../../support/generate/random.js';
import { ask, openQuestions as open } from '../../support/records/questions.js';
import { temporaryFolder } from '../../support/run/temporary-folder.js';
import { writePart } from '../../support/records/write-part.js';

const HOUR = 3_600_000;

/** Hours at which a host was captured, unevenly: what grows evenly has steps of many sizes. */
const TIMES = [0, 6, 12, 18, 36, 42, 60, 66, 72, 78, 120, 126, 132, 138, 144, 168, 174, 180, 186, 192];

/** What a tag has outstanding at the captures. */
type Course = (random: Random) => number[];

const walk = (random: Random, step: () => number): number[] => {
  let level = 5000;
  return TIMES.map(() => (level += step() + random.below(2)));
};

/** Growing tags and others that have nothing to do with the driver's, each with what it could be taken for it by. */
const DECOYS: Readonly<Record<string, Course>> = {
  EvnA: () => TIMES.map((hour) => 1000 + 40 * hour),
  EvnB: () => TIMES.map((hour) => 3000 + 7 * hour),
  EvnC: (random) => TIMES.map((hour) => 2000 + 20 * hour + random.below(9)),
  Wlk1: (random) => walk(random, () => random.below(30)),
  Wlk2: (random) => walk(random, () => random.below(60) - 10),
  Jump: (random) => TIMES.map((hour) => (hour > 60 ? 4000 : 1000) + random.below(20)),
  Jmp2: (random) => TIMES.map((hour) => (hour > 60 ? 900 : 200) + random.below(20)),
  Warm: (random) => TIMES.map((hour) => Math.round(4000 * (1 - Math.exp(-hour / 8))) + random.below(40)),
  Wrm2: (random) => TIMES.map((hour) => Math.round(900 * (1 - Math.exp(-hour / 8))) + random.below(20)),
  Same: () => TIMES.map(() => 77),
};

const SHARES = { Drv1: 2, Drv2: 1, Drv3: 5 } as const;

describe('tags that move together', () => {
  const folder = temporaryFolder();
  let rows: (sql: string) => Promise<Record<string, unknown>[]>;

  before(async () => {
    const tags: Partial<Row>[] = [];
    const images: Partial<Row>[] = [];
    for (const [index, host] of ['a', 'b', 'c'].entries()) {
      const random = new Random(index + 1);
      // On host c each of the driver's tags counts something else.
      const connections = walk(random, () => random.below(40) - 12);
      const family = Object.entries(SHARES).map(([tag, share]): [string, number[]] => [
        tag,
        (host === 'c' ? walk(random, () => random.below(40) - 12) : connections).map(
          (level) => share * level + random.below(2),
        ),
      ]);
      const courses = [
        ...family,
        ...Object.entries(DECOYS).map(([tag, course]): [string, number[]] => [tag, course(random)]),
      ];
      for (const [capture, hour] of TIMES.entries()) {
        const identity = { image_id: `${host}${capture}`, host, captured_at: hour * HOUR };
        // Host b restarts once, too early for its first boot to tell anything.
        images.push({ ...identity, status: 'ok', kernel_base: host === 'b' && capture < 4 ? '0x1000' : '0x2000' });
        for (const [key, [tag, levels]] of courses.entries())
          tags.push({
            ...identity,
            key: key + 1,
            tag,
            place: 'table',
            located_by: 'symbols',
            nonpaged_outstanding: BigInt(levels[capture]!),
            paged_outstanding: 0n,
            nonpaged_allocs: BigInt(hour * 100_000),
            paged_allocs: 0n,
          });
      }
    }
    await writePart(folder.path('lake/pool_tag/v=2/part-1.parquet'), POOL_TAG, tags);
    await writePart(folder.path('lake/image/v=2/part-1.parquet'), IMAGE, images);
    const connection = await open(folder.path('lake'));
    rows = (sql) => ask(connection, sql);
  });

  const found = async (sql: string): Promise<string[]> =>
    (await rows(sql)).map(({ host, boot, tag }) => `${String(host)} ${String(boot)} ${String(tag)}`).sort();

  it("finds a driver's family where it is one, and nothing else", async () => {
    const expected = ['a 0 Drv1', 'a 0 Drv3', 'b 1 Drv1', 'b 1 Drv3'];
    assert.deepEqual(await found("FROM moves_with('Drv2')"), expected);
  });

  it('tells in which proportion, in how many captures, and in how many boots of all', async () => {
    for (const row of await rows("FROM moves_with('Drv2')")) {
      assert.ok(Math.abs((row.proportion as number) / SHARES[row.tag as 'Drv1'] - 1) < 0.1, String(row.proportion));
      assert.equal(row.captures, row.host === 'a' ? 20n : 16n);
      assert.deepEqual([row.boots_together, row.boots_judged], [2n, 3n]);
    }
  });

  it('takes growth at the same times for no kinship, nor one event that touched both', async () => {
    for (const tag of ['EvnA', 'EvnC', 'Wlk1', 'Jump', 'Warm', 'Same'])
      assert.deepEqual(await found(`FROM moves_with('${tag}')`), [], tag);
  });

  it('asks one host, as strictly as is wanted', async () => {
    assert.deepEqual(await found("FROM moves_with('Drv2', 'b')"), ['b 1 Drv1', 'b 1 Drv3']);
    assert.deepEqual(await found("FROM moves_with('Drv2', min_captures := 17)"), ['a 0 Drv1', 'a 0 Drv3']);
    assert.deepEqual(await found("FROM moves_with('none')"), []);
  });

  it('finds no departure in what grows evenly, however unevenly it was captured', async () => {
    const even = await rows("SELECT max(abs(departure)) AS most FROM tag_changes() WHERE tag IN ('EvnA', 'EvnB')");
    assert.ok((even[0]!.most as number) < 1e-9, String(even[0]!.most));
    const [sums] = await rows("SELECT sum(change)::BIGINT AS grown FROM tag_changes('a') WHERE tag = 'EvnA'");
    assert.equal(sums!.grown, 40n * 192n);
  });
});
