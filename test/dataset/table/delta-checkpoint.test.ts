import assert from 'node:assert/strict';
import { open, readdir, rm } from 'node:fs/promises';
import { parquetMetadataAsync } from 'hyparquet';
import { asyncBufferFromFile } from 'hyparquet/src/node.js';
import { openStore } from '../../../src/dataset/store/open-store.js';
import { Staging } from '../../../src/dataset/store/staging.js';
import { type Action, type AddedFile } from '../../../src/dataset/table/delta/actions.js';
import { openDelta } from '../../../src/dataset/table/delta/delta.js';
import { DeltaTable } from '../../../src/dataset/table/delta/delta-table.js';
import { POOL_TAG } from '../../../src/record/schema/record-types.js';
import { temporaryFolder } from '../../support/run/temporary-folder.js';

/** Of each of the first commits: together they are more than a row group of a checkpoint. */
const FILES = 450;
const METADATA: Action = {
  metaData: { id: 'a', name: 'pool_tag', schemaString: '{}', partitionColumns: ['host'], createdTime: 5 },
};

const fileOf = (number: number, rows: number): AddedFile => ({
  path: `v=2/host=a%2Fb/part-${number}.parquet`,
  partitionValues: { host: 'a/b' },
  size: 1000 + number,
  modificationTime: number,
  dataChange: true,
  stats: `{"numRecords":${rows},"minValues":{"tag":"é${number}"}}`,
});

describe('a checkpoint of a Delta table', () => {
  const folder = temporaryFolder();
  let expected: Map<string, AddedFile>;
  let staging: Staging;
  let table: DeltaTable;

  const opened = (): DeltaTable => new DeltaTable(openStore(folder.path('lake')), staging, 'pool_tag');
  const log = (): string => folder.path('lake/pool_tag/_delta_log');
  const checkpoints = async (): Promise<string[]> =>
    (await readdir(log())).filter((name) => name.endsWith('.checkpoint.parquet')).sort();
  const commit = async (actions: readonly Action[]): Promise<void> => {
    for (const action of actions)
      if ('add' in action) expected.set(action.add.path, action.add);
      else if ('remove' in action) expected.delete(action.remove.path);
    await table.commit('WRITE', () => Promise.resolve(actions));
  };
  /** Files that come, some of the one before that go, and one of it that is written again. */
  const commitNumber = (number: number): Promise<void> => {
    const first = number * FILES;
    const adds = Array.from({ length: number > 10 ? 5 : FILES }, (_, index) => ({ add: fileOf(first + index, 7) }));
    const before = [...expected.keys()];
    const gone = before.slice(-3).map((path) => ({ remove: { path, deletionTimestamp: number, dataChange: true } }));
    const again = before.length === 0 ? [] : [{ add: fileOf(first - FILES, number) }];
    return commit([...(number === 0 ? [METADATA] : []), ...adds, ...gone, ...again]);
  };
  const listed = async (of: DeltaTable): Promise<Map<string, AddedFile>> => {
    const found = new Map<string, AddedFile>();
    for (const file of await of.listed()) {
      assert.ok(!found.has(file.path), `${file.path} twice`);
      // What a checkpoint lists is not new.
      found.set(file.path, { ...file, dataChange: true });
    }
    return found;
  };

  beforeEach(async () => {
    expected = new Map();
    staging = await Staging.open(folder.path('lake/_staging'));
    table = opened();
    for (let number = 0; number <= 10; number++) await commitNumber(number);
  });
  afterEach(async () => {
    await staging.close();
    await rm(folder.path('lake'), { recursive: true });
  });

  it('lists every file, with all that the log says of it, in groups of a size that does not grow', async () => {
    assert.deepEqual(await checkpoints(), ['00000000000000000010.checkpoint.parquet']);
    const file = await asyncBufferFromFile(`${log()}/00000000000000000010.checkpoint.parquet`);
    const groups = (await parquetMetadataAsync(file)).row_groups.map(({ num_rows: rows }) => Number(rows));
    assert.ok(groups.length > 1 && groups.every((rows) => rows <= 1024), String(groups));
    const fresh = opened();
    const { active, removed, recent, metadata } = await fresh.current();
    assert.deepEqual([recent.size, removed.size, metadata?.partitionColumns], [0, 30, ['host']]);
    assert.deepEqual(sizesOf(active), sizesOf(expected));
    assert.deepEqual(await listed(fresh), expected);
    assert.deepEqual(await listed(table), expected);
  });

  it('is made from the one before it and what came since', async () => {
    for (let number = 11; number <= 30; number++) await commitNumber(number);
    assert.deepEqual(
      (await checkpoints()).map((name) => Number(name.split('.')[0])),
      [10, 20, 30],
    );
    for (const one of [table, opened()]) {
      await one.current();
      assert.deepEqual(await listed(one), expected);
    }
    const rows = [...(await opened().current()).active.values()].map((file) => file.rows);
    assert.ok(rows.includes(7) && rows.includes(11) && !rows.includes(null));
  });

  it('gives what it lists to a commit that lists all files with other keys of folders', async () => {
    const form = openDelta({ store: openStore(folder.path('lake')), staging, recordType: POOL_TAG, partition: [] });
    await form.commit('write', () => ({ adds: [], gone: [] }));
    for (const [path, file] of expected) expected.set(path, { ...file, partitionValues: {} });
    await table.current();
    assert.deepEqual(await listed(table), expected);
    for (const name of await checkpoints()) await rm(`${log()}/${name}`);
    assert.deepEqual(await listed(table), expected, 'all of them came with the last commit');
  });

  it('that another process has removed is no loss: the next look at the table begins anew', async () => {
    for (const name of await checkpoints()) await rm(`${log()}/${name}`);
    for (let number = 11; number <= 19; number++) await commitNumber(number);
    assert.deepEqual(await checkpoints(), []);
    await assert.rejects(listed(table), { code: 'RECORDS_DAMAGED' });
    assert.deepEqual(sizesOf((await table.current()).active), sizesOf(expected));
    await commitNumber(20);
    assert.deepEqual(await checkpoints(), ['00000000000000000020.checkpoint.parquet']);
    for (const name of await checkpoints()) await rm(`${log()}/${name}`);
    for (let number = 21; number <= 31; number++) await commitNumber(number);
    // The thirtieth commit found it gone, and the one after it had read the log.
    assert.deepEqual(await checkpoints(), ['00000000000000000031.checkpoint.parquet']);
    for (const one of [table, opened()]) {
      assert.deepEqual(sizesOf((await one.current()).active), sizesOf(expected));
      assert.deepEqual(await listed(one), expected);
    }
  });

  it('that is damaged leaves nothing of itself behind', async () => {
    const [name] = await checkpoints();
    await rm(`${log()}/_last_checkpoint`);
    const fresh = opened();
    await breakLastGroup(`${log()}/${name!}`);
    await assert.rejects(fresh.current(), { code: 'RECORDS_DAMAGED' });
    assert.equal(fresh.known.active.size, 0);
    await rm(`${log()}/${name!}`);
    assert.deepEqual(sizesOf((await fresh.current()).active), sizesOf(expected));
  });
});

function sizesOf(files: ReadonlyMap<string, { readonly size: number }>): Map<string, number> {
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)).map(([path, { size }]) => [path, size]));
}

/** Overwrites the data of the last row group. */
async function breakLastGroup(path: string): Promise<void> {
  const file = await asyncBufferFromFile(path);
  const [first] = (await parquetMetadataAsync(file)).row_groups.at(-1)!.columns;
  const handle = await open(path, 'r+');
  await handle.write(Buffer.alloc(200, 0xff), 0, 200, Number(first!.meta_data!.data_page_offset));
  await handle.close();
}
