import assert from 'node:assert/strict';
import { comparablePairs, plantedChanges, writeFleet, type FleetTruth } from '../../../bench/fleet.js';
import { DatasetQuery } from '../../../src/dataset/query/query.js';
import type { Row } from '../../../src/record/schema/record-type.js';
import { runCli } from '../../support/run/cli.js';
import { temporaryFolder } from '../../support/run/temporary-folder.js';

/** 216 images, of which three are broken. */
const SMALL_FLEET = { hosts: 12, captures: 18, seed: 1 };

describe('questions about a fleet', () => {
  const folder = temporaryFolder();
  let truth: FleetTruth;
  let query: DatasetQuery;

  async function rows(view: string, ...values: string[]): Promise<Row[]> {
    const all: Row[] = [];
    for await (const row of (await query.askView(view, values)).rows) all.push(row);
    return all;
  }
  async function found(view: string, ...values: string[]): Promise<string[]> {
    return (await rows(view, ...values)).map(({ host, tag }) => `${String(host)} ${String(tag)}`).sort();
  }
  const planted = (list: readonly { host: string; tag: string }[]): string[] =>
    list.map(({ host, tag }) => `${host} ${tag}`).sort();

  before(async () => {
    truth = await writeFleet(folder.path('images'), SMALL_FLEET);
    const { status, stderr } = await runCli([
      'batch',
      folder.path('images'),
      '--out',
      folder.path('lake'),
      '--label-from',
      '/(?<host>[^/]+)/[^/]+$',
      '--log',
      'json',
    ]);
    const summary = JSON.parse(stderr.trim().split('\n').at(-1)!) as { counts: Record<string, number> };
    const broken = truth.images.filter(({ fault }) => fault !== null).length;
    assert.equal(summary.counts.ok, truth.images.length - broken);
    assert.equal(status, 1, 'broken images fail a batch');
    query = await DatasetQuery.open(folder.path('lake'));
  });
  after(() => query?.close());

  it('finds the leaks that were planted, and no other', async () => {
    assert.equal(truth.leaks.length, 3);
    assert.deepEqual(await found('leaks'), planted(truth.leaks));
  });

  it('measures a leak as it was planted', async () => {
    const [leak] = truth.leaks;
    const [row] = await rows('leaks', leak!.host);
    assert.equal(row!.tag, leak!.tag);
    assert.equal(row!.bytes_rising, 1);
    const whole = truth.images.filter(({ host, fault }) => host === leak!.host && fault === null);
    assert.equal(row!.captures, BigInt(whole.length));
    // A sixth of the level of the start comes in each hour.
    const [first, last] = [whole[0]!, whole.at(-1)!];
    const perHour =
      Number((row!.last_outstanding as bigint) - (row!.first_outstanding as bigint)) / (last.uptime - first.uptime);
    assert.ok(
      Math.abs(Number(row!.outstanding_per_hour) / perHour - 1) < 0.02,
      `${String(row!.outstanding_per_hour)} an hour, ${perHour} planted`,
    );
  });

  it('finds no leak on a host without one', async () => {
    for (const { host } of truth.outliers) assert.deepEqual(await rows('leaks', host), []);
  });

  it('tells restarts from the images', async () => {
    const boots = new Map(
      (await rows('boots')).map(({ host, captured_at, boot }) => [`${String(host)} ${String(captured_at)}`, boot]),
    );
    for (const { host, capturedAt, boot, fault } of truth.images) {
      if (fault === null)
        assert.equal(boots.get(`${host} ${capturedAt.getTime()}`), boot, `${host} at ${capturedAt.toISOString()}`);
    }
    assert.ok(truth.images.some(({ boot }) => boot > 0));
  });

  it('takes a carved image of which half is lost for no restart', async () => {
    const telling = new Map(
      (await rows('boots')).map(({ host, captured_at, restarted }) => [
        `${String(host)} ${String(captured_at)}`,
        restarted,
      ]),
    );
    const cut = truth.images.filter(({ fault }) => fault === 'truncated');
    assert.ok(cut.length > 0);
    for (const { host, capturedAt } of cut) assert.ok(!telling.get(`${host} ${capturedAt.getTime()}`));
  });

  it('gives the captures of each leak', async () => {
    const series = await rows('leak_series');
    for (const { host, tag } of truth.leaks) {
      const whole = truth.images.filter((image) => image.host === host && image.fault === null);
      assert.deepEqual(
        series
          .filter((row) => row.host === host && row.tag === tag)
          .map(({ captured_at, boot }) => [captured_at, boot]),
        whole.map(({ capturedAt, boot }) => [capturedAt.getTime(), boot]),
      );
    }
    assert.equal(new Set(series.map(({ host, tag }) => `${String(host)} ${String(tag)}`)).size, truth.leaks.length);
  });

  it('finds the tags of one driver where it runs, and none that only grow', async () => {
    const { hosts, tags } = truth.family;
    // Where a host restarts twice no boot has captures enough.
    const longest = (host: string): number =>
      Math.max(...[0, 1, 2].map((boot) => truth.images.filter((one) => one.host === host && one.boot === boot).length));
    const telling = hosts.filter((host) => longest(host) >= 12);
    assert.ok(telling.length > 0);
    for (const tag of tags) {
      const others = tags.filter((other) => other !== tag);
      const expected = telling.flatMap((host) => others.map((other) => ({ host, tag: other })));
      assert.deepEqual(await found('moves_with', tag), planted(expected), tag);
    }
    for (const { tag } of truth.leaks) assert.deepEqual(await found('moves_with', tag), [], tag);
  });

  it('finds the outlier host, the hosts that leak, and no other', async () => {
    assert.equal(new Set(truth.outliers.map(({ host }) => host)).size, 1);
    assert.deepEqual(await found('fleet_outliers'), planted([...truth.outliers, ...truth.leaks]));
  });

  it('asks for the outliers of one tag', async () => {
    const [outlier] = truth.outliers;
    assert.deepEqual(await found('fleet_outliers', outlier!.tag.trimEnd()), planted([outlier!]));
    assert.deepEqual(await found('fleet_outliers', 'all', 'min_images=1000'), []);
  });

  it('finds between two images what was planted to change, and no other', async () => {
    const pairs = comparablePairs(truth);
    assert.ok(
      pairs.some(([a]) => a.host === truth.upgraded.host),
      'one pair is of the upgraded host',
    );
    assert.ok(
      truth.leaks.filter((leak) => pairs.some(([a]) => a.host === leak.host)).length >= 2,
      'pairs of hosts that leak',
    );
    for (const [a, b] of pairs) {
      const changed = (await rows('compare', a.path, b.path)).map(({ tag }) => String(tag)).sort();
      assert.deepEqual(changed, plantedChanges(truth, a, b), `${a.path} and ${b.path}`);
    }
  });

  it('sums the latest image of each host for the top tags', async () => {
    const top = await rows('top_tags', '5');
    assert.equal(top.length, 5);
    const latest = truth.images
      .filter(({ fault }) => fault === null)
      .reduce((by, image) => by.set(image.host, image.path), new Map<string, string>());
    const list = [...latest.values()].map((path) => `'${path}'`).join(', ');
    const sums: Row[] = [];
    const answer = await query.ask(
      `SELECT tag, sum(bytes) AS bytes FROM pool_tags WHERE image_path IN (${list}) GROUP BY tag ORDER BY bytes DESC, tag LIMIT 5`,
    );
    for await (const row of answer.rows) sums.push(row);
    assert.deepEqual(
      top.map(({ tag, bytes }) => ({ tag, bytes })),
      sums,
    );
    assert.equal(top[0]!.hosts, BigInt(SMALL_FLEET.hosts));
  });

  it('lists broken images beside the others', async () => {
    const broken: unknown[] = [];
    for await (const { image_path } of (
      await query.ask("SELECT image_path FROM images WHERE status <> 'ok' ORDER BY image_path")
    ).rows)
      broken.push(image_path);
    const spoiled = truth.images
      .filter(({ fault }) => fault !== null && fault !== 'text')
      .map(({ path }) => path)
      .sort();
    assert.deepEqual(broken, spoiled);
  });
});
