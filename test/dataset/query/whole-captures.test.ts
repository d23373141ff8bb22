import assert from 'node:assert/strict';
import { IMAGE, POOL_TAG } from '../../../src/record/schema/record-types.js';
import type { RecordType, Row } from '../../../src/record/schema/record-type.js';
import { ask, openQuestions as open } from '../../support/records/questions.js';
import { temporaryFolder } from '../../support/run/temporary-folder.js';
import { writePart } from '../../support/records/write-part.js';

const HOUR = 3_600_000;

/** A capture of a host: what its image record says, and the allocations of its tags. */
interface Capture {
  readonly status: 'ok' | 'incomplete';
  /** Null where it was carved. */
  readonly base: string | null;
  readonly allocs: readonly bigint[];
  /** Whether each tag is complete; by default all are. */
  readonly complete?: readonly boolean[];
}

describe('questions about captures that are not whole', () => {
  const folder = temporaryFolder();
  const part = (name: string, type: RecordType, rows: readonly Partial<Row>[]): Promise<void> =>
    writePart(folder.path(`${name}/${type.name}/v=2/host=a/part-1.parquet`), type, rows);

  async function write(name: string, captures: readonly Capture[]): Promise<void> {
    const identity = (index: number) => ({ image_id: `i${index}`, host: 'a', captured_at: index * HOUR });
    await part(
      name,
      IMAGE,
      captures.map(({ status, base }, index) => ({ ...identity(index), status, kernel_base: base, tags: 3 })),
    );
    await part(
      name,
      POOL_TAG,
      captures.flatMap(({ base, allocs, complete }, index) =>
        allocs.map((nonpaged_allocs, tag) => ({
          ...identity(index),
          key: tag + 1,
          tag: `Tag${tag}`,
          place: 'table',
          located_by: base === null ? 'carve' : 'symbols',
          complete: complete?.[tag] ?? true,
          nonpaged_allocs,
          nonpaged_frees: 0n,
          nonpaged_bytes: nonpaged_allocs * 64n,
          paged_allocs: 0n,
          paged_frees: nonpaged_allocs / 4n,
          paged_bytes: 0n,
        })),
      ),
    );
  }

  async function boots(name: string): Promise<unknown[]> {
    const connection = await open(folder.path(name));
    return (await ask(connection, 'SELECT boot, restarted FROM boots() ORDER BY captured_at')).map(
      ({ boot, restarted }) => (restarted === true ? `boot ${String(boot)}` : boot),
    );
  }
  const none = [false, false, false];
  const cut: Capture = { status: 'incomplete', base: null, allocs: [1n, -900n, 2n], complete: none };

  it('take a carved capture of which half is lost for no restart', async () => {
    await write('cut', [
      { status: 'ok', base: '0x1000', allocs: [100n, 200n, 300n] },
      cut,
      { status: 'ok', base: '0x1000', allocs: [110n, 210n, 310n] },
      { status: 'ok', base: '0x2000', allocs: [10n, 20n, 30n] },
      { status: 'ok', base: '0x2000', allocs: [20n, 30n, 40n] },
    ]);
    assert.deepEqual(await boots('cut'), [0, 0, 0, 'boot 1', 1]);
  });

  it('do not say which boot it is of where a restart lies before or behind it', async () => {
    await write('between', [
      cut,
      { status: 'ok', base: '0x1000', allocs: [100n, 200n, 300n] },
      cut,
      { status: 'ok', base: '0x2000', allocs: [10n, 20n, 30n] },
      cut,
    ]);
    assert.deepEqual(await boots('between'), [null, 0, null, 'boot 1', null]);
  });

  it('count a restart once where only one of its neighbours has the base of its kernel', async () => {
    await write('mixed', [
      { status: 'ok', base: '0x1000', allocs: [100n, 200n, 300n] },
      { status: 'ok', base: null, allocs: [10n, 20n, 30n] },
      { status: 'ok', base: '0x2000', allocs: [20n, 30n, 40n] },
    ]);
    assert.deepEqual(await boots('mixed'), [0, 'boot 1', 1]);
  });

  it('leave it out of the top tags and of every sum', async () => {
    await write('sums', [{ status: 'ok', base: '0x1000', allocs: [2n ** 56n, 2n ** 56n, 4n] }, cut]);
    const connection = await open(folder.path('sums'));
    assert.deepEqual(await ask(connection, 'SELECT tag, bytes FROM top_tags(1)'), [{ tag: 'Tag0', bytes: 2n ** 62n }]);
    assert.deepEqual(await ask(connection, 'SELECT image_id, whole, bytes FROM captures() ORDER BY image_id'), [
      { image_id: 'i0', whole: true, bytes: 2n ** 63n + 256n },
      { image_id: 'i1', whole: false, bytes: null },
    ]);
    assert.equal((await ask(connection, 'FROM certain_tags()')).length, 3);
  });

  it('keep the certain tags of a walked capture of which a page is lost, and do not sum it', async () => {
    await write('page', [
      { status: 'incomplete', base: '0x1000', allocs: [1n, 2n, 3n], complete: [true, false, true] },
    ]);
    const connection = await open(folder.path('page'));
    assert.equal((await ask(connection, 'FROM certain_tags()')).length, 2);
    assert.deepEqual(await ask(connection, 'FROM whole_tags()'), []);
    assert.deepEqual(await ask(connection, 'FROM top_tags()'), []);
  });

  it('give the share of allocations that was freed, and none without allocations', async () => {
    await write('share', [{ status: 'ok', base: '0x1000', allocs: [0n, 400n, -4n] }]);
    const connection = await open(folder.path('share'));
    assert.deepEqual(await ask(connection, 'SELECT tag, frees_share FROM pool_tags ORDER BY tag'), [
      { tag: 'Tag0', frees_share: null },
      { tag: 'Tag1', frees_share: 0.25 },
      { tag: 'Tag2', frees_share: null },
    ]);
  });

  it('hold the median of each host beside that of its build', async () => {
    const tags = ['a', 'b', 'c'].flatMap((host, index) =>
      [1, 2, 3, 9].map((capture) => ({
        host,
        image_id: `${host}${capture}`,
        captured_at: capture * HOUR,
        windows_version: '10.0.19041',
        key: 7,
        tag: 'Proc',
        located_by: 'symbols',
        // The last capture of each is not certain.
        complete: capture < 9,
        nonpaged_bytes: 2n ** 54n + BigInt(capture * (index + 1)),
        paged_bytes: 0n,
        nonpaged_outstanding: BigInt(capture),
        paged_outstanding: 0n,
      })),
    );
    const others = tags.map((row, index) => ({
      ...row,
      key: 8,
      nonpaged_bytes: [100n, 200n, 400n][Math.floor(index / 4)]!,
    }));
    await writePart(folder.path('medians/pool_tag/v=2/part-1.parquet'), POOL_TAG, [...tags, ...others]);
    const connection = await open(folder.path('medians'));
    const rows = await ask(connection, 'FROM host_medians() ORDER BY key, host');
    assert.deepEqual(
      rows
        .slice(0, 3)
        .map(({ host, captures, bytes, outstanding, hosts, build_bytes }) => [
          host,
          captures,
          bytes,
          outstanding,
          hosts,
          build_bytes,
        ]),
      ['a', 'b', 'c'].map((host, index) => [host, 3n, 2n ** 54n + 2n * BigInt(index + 1), 2n, 3n, 2n ** 54n + 4n]),
    );
    assert.deepEqual(
      rows.slice(3).map(({ ratio }) => ratio),
      [0.5, 1, 2],
    );
  });
});
