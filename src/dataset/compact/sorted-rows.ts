import { join } from 'node:path';
import type { RecordType, Row, Value } from '../../record/schema/record-type.js';
import { openSink, writeRows } from '../../sink/open-sink.js';
import { openRecords, ownParquetRows } from '../../sink/readers.js';
import { sinkNamed } from '../../sink/sinks.js';

/** The rows of a file of a dataset. @throws PoolTrackerError RECORDS_DAMAGED */
export async function* partRows(path: string, recordType: RecordType): AsyncGenerator<Row> {
  yield* path.endsWith('.parquet') ? ownParquetRows(path, recordType) : (await openRecords(path)).rows;
}

/** Number of rows sorted in memory at a time. */
const RUN_ROWS = 200_000;
/** Number of runs merged at a time: each keeps a row group in memory. */
const FAN_IN = 32;

/** By tag, so that readers can skip row groups by minimum and maximum of the tag; then in the order of captures. */
const SORT_COLUMNS = ['tag', 'key', 'host', 'captured_at', 'image_id'];

type Compare = (a: Row, b: Row) => number;

function compareValues(a: Value, b: Value): number {
  if (a === b) return 0;
  if (a === null) return 1;
  if (b === null) return -1;
  return a < b ? -1 : 1;
}

/** The order of a record type's rows in compacted files, by those of the columns that it has; null comes last. */
export function rowOrder({ columns }: RecordType): Compare {
  const names = SORT_COLUMNS.filter((name) => columns.some((column) => column.name === name));
  return (a, b) => {
    for (const name of names) {
      const order = compareValues(a[name]!, b[name]!);
      if (order !== 0) return order;
    }
    return 0;
  };
}

/**
 * Sorts any number of rows: runs that fit in memory are written to files in a folder and merged from there.
 * @param folder for the runs; to be removed by the caller
 */
export async function* sortedRows(
  rows: AsyncIterable<Row>,
  recordType: RecordType,
  folder: string,
  runRows = RUN_ROWS,
): AsyncGenerator<Row> {
  const compare = rowOrder(recordType);
  let names = 0;
  const spill = async (sorted: Iterable<Row> | AsyncIterable<Row>): Promise<string> => {
    const path = join(folder, `run-${names++}.parquet`);
    const sink = await openSink({ recordType, format: sinkNamed('parquet'), target: path }, { staged: true });
    await writeRows(recordType, sorted, sink);
    return path;
  };
  let runs: string[] = [];
  let run: Row[] = [];
  for await (const row of rows) {
    run.push(row);
    if (run.length < runRows) continue;
    runs.push(await spill(run.sort(compare)));
    run = [];
  }
  run.sort(compare);
  while (runs.length >= FAN_IN) {
    const first = runs.slice(0, FAN_IN).map((path) => partRows(path, recordType));
    runs = [...runs.slice(FAN_IN), await spill(merged(first, compare))];
  }
  yield* merged([...runs.map((path) => partRows(path, recordType)), run], compare);
}

/** Merges several sorted inputs. */
async function* merged(inputs: readonly (AsyncIterable<Row> | Iterable<Row>)[], compare: Compare): AsyncGenerator<Row> {
  const open = inputs.map((input) =>
    Symbol.asyncIterator in input ? input[Symbol.asyncIterator]() : input[Symbol.iterator](),
  );
  const heads = await Promise.all(open.map(async (iterator) => iterator.next()));
  for (;;) {
    let least = -1;
    for (let index = 0; index < heads.length; index++) {
      if (
        heads[index]!.done !== true &&
        (least < 0 || compare(heads[index]!.value as Row, heads[least]!.value as Row) < 0)
      )
        least = index;
    }
    if (least < 0) return;
    yield heads[least]!.value as Row;
    heads[least] = await open[least]!.next();
  }
}
