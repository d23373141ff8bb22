import { DatasetQuery, type QueryOptions } from '../dataset/query/query.js';
import type { Row } from '../record/schema/record-type.js';
import { locationName } from '../source/source.js';
import { whenAborted, type WorkOptions } from '../work.js';

/** Rows between two calls of onProgress. */
const ROWS_A_STEP = 2048;

/** A view or question of schemas/duckdb.sql: `{ view: 'leaks', values: ['web01'] }`. */
export interface ViewQuestion {
  /** Its name. */
  readonly view: string;
  /** For its parameters: in order, or as `name=value`. */
  readonly values?: readonly string[];
}

/**
 * Asks a question of a dataset: `for await (const row of query('lake', 'SELECT tag, max(bytes) FROM pool_tags …'))`. Whole
 * numbers of 64 bits are bigints, times milliseconds since 1970. Rows come as DuckDB makes them; the dataset is opened when
 * the first is asked for, and closed after the last, or when the loop is left. Progress is told in records.
 * @param sources a dataset as `batch` writes it, a file of records or a folder of such files, or several: the views show all
 * of them together
 * @param question one statement that selects, or a view
 * @throws PoolTrackerError DEPENDENCY_MISSING without @duckdb/node-api; RECORDS_DAMAGED; USAGE for sources that are none, and
 * for a question that makes no sense; SOURCE_NOT_PERMITTED for one that reads anything else; the reason of the signal
 */
export async function* query(
  sources: string | readonly string[],
  question: string | ViewQuestion,
  { signal, onProgress, ...options }: QueryOptions & WorkOptions = {},
): AsyncGenerator<Row, void, undefined> {
  signal?.throwIfAborted();
  const session = await DatasetQuery.open(sources, options);
  const forget = whenAborted(signal, () => session.interrupt());
  const name = (typeof sources === 'string' ? [sources] : sources).map(locationName).join(', ');
  let done = 0;
  try {
    const { rows } = await (typeof question === 'string'
      ? session.ask(question)
      : session.askView(question.view, question.values));
    for await (const row of rows) {
      signal?.throwIfAborted();
      if (++done % ROWS_A_STEP === 0) onProgress?.({ name, unit: 'records', done, total: null });
      yield row;
    }
    signal?.throwIfAborted();
    onProgress?.({ name, unit: 'records', done, total: done });
    signal?.throwIfAborted();
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    forget();
    await session.close();
  }
}
