import { PoolTrackerError } from '../../errors.js';
import type { DatasetQuery } from '../../dataset/query/query.js';
import type { Row } from '../../record/schema/record-type.js';

/** Captures that one page can hold; of more, those that are not whole and the latest. */
export const MAX_CAPTURES = 5000;
/** Leaks and outliers that are named; the first of them are drawn. */
export const MAX_NAMED = 200;
export const DRAWN = 12;
/** Other hosts that are drawn behind a leak, and captures of each. */
const [OTHER_HOSTS, OTHER_POINTS] = [10, 60];
/** The threshold of `leaks`, which decides what was too short to tell. */
export const MIN_CAPTURES = 6;

/** SQL over the views and questions of schemas/duckdb.sql: all that a report asks of a dataset. */
const QUESTIONS = {
  captures: `
    SELECT coalesce(c.host, '') AS host, c.captured_at, c.captured_at_source, c.image_path, c.windows_version, c.status,
      c.error_code, i.error_message, i.warnings, c.tags, i.pages_missing,
      try_cast(c.nonpaged_bytes AS BIGINT) AS nonpaged, try_cast(c.paged_bytes AS BIGINT) AS paged,
      coalesce(b.restarted, false) AS restarted, b.boot
    FROM captures() c
      JOIN image i ON i.image_id = c.image_id AND i.image_path = c.image_path AND coalesce(i.system, 0) = 0
        AND i.host IS NOT DISTINCT FROM c.host
      LEFT JOIN boots() b ON b.host = c.host AND b.captured_at = c.captured_at AND b.image_id = c.image_id
    ORDER BY c.status = 'ok', c.captured_at DESC NULLS FIRST, c.image_path
    LIMIT ${MAX_CAPTURES}`,
  twice: `
    SELECT count(*) - count(DISTINCT (image_id, image_path, coalesce(host, ''), coalesce(system, 0))) AS records FROM image`,
  counts: `
    SELECT count(*) AS captures, count(*) FILTER (status = 'incomplete') AS incomplete,
      count(*) FILTER (status = 'failed') AS failed, count(DISTINCT coalesce(host, image_path)) AS hosts,
      (SELECT count(*) FROM pool_tags) AS tag_records
    FROM images WHERE coalesce(system, 0) = 0`,
  judged: `
    SELECT count(*) AS boots, count(DISTINCT host) AS hosts
    FROM (SELECT host, boot FROM boots() WHERE status = 'ok' GROUP BY host, boot HAVING count(*) >= ${MIN_CAPTURES})`,
  leaks: `FROM leaks(min_captures := ${MIN_CAPTURES}) LIMIT ${MAX_NAMED}`,
  series: `
    SELECT s.host, s.key, s.place, s.boot, s.captured_at, s.bytes
    FROM leak_series(min_captures := ${MIN_CAPTURES}) s
      SEMI JOIN (FROM leaks(min_captures := ${MIN_CAPTURES}) LIMIT ${DRAWN}) USING (host, key, place)
    ORDER BY s.captured_at`,
  others: `
    WITH drawn AS (
      FROM leaks(min_captures := ${MIN_CAPTURES}) LIMIT ${DRAWN}
    ), builds AS (
      SELECT DISTINCT d.host AS leaking, d.key, d.place, t.windows_version
      FROM drawn d JOIN certain_tags() t USING (host, key, place)
    ), points AS (
      SELECT DISTINCT leaking, t.host, key, place, t.captured_at, t.bytes,
        dense_rank() OVER (PARTITION BY leaking, key, place ORDER BY t.host) AS number,
        row_number() OVER (PARTITION BY leaking, key, place, t.host ORDER BY t.captured_at) AS position,
        count(*) OVER (PARTITION BY leaking, key, place, t.host) AS points
      FROM builds JOIN certain_tags() t USING (key, place, windows_version)
      WHERE t.host <> leaking AND t.captured_at IS NOT NULL
        AND NOT EXISTS (FROM drawn d WHERE d.host = t.host AND d.key = t.key)
    )
    SELECT leaking, host, key, place, captured_at, bytes FROM points
    WHERE number <= ${OTHER_HOSTS} AND position % greatest(1, points // ${OTHER_POINTS}) = 0
    ORDER BY captured_at`,
  passedOver: `SELECT path, reason FROM passed_over LIMIT ${MAX_NAMED}`,
  outliers: `FROM fleet_outliers() LIMIT ${MAX_NAMED}`,
  medians: `
    SELECT host, windows_version, key, bytes FROM host_medians()
    SEMI JOIN (FROM fleet_outliers() LIMIT ${MAX_NAMED}) USING (windows_version, key)`,
  topTags: `
    SELECT tag, hosts, try_cast(nonpaged_bytes AS BIGINT) AS nonpaged, try_cast(paged_bytes AS BIGINT) AS paged,
      most_bytes, most_on
    FROM top_tags(14)`,
} as const;

/** One of the questions. */
export type Question = keyof typeof QUESTIONS;

/** @throws PoolTrackerError RECORDS_DAMAGED where records do not answer, as `DatasetQuery.ask` */
export async function asked(query: DatasetQuery, question: Question): Promise<Row[]> {
  const rows: Row[] = [];
  try {
    for await (const row of (await query.ask(QUESTIONS[question])).rows) rows.push(row);
  } catch (error) {
    if (!(error instanceof PoolTrackerError) || error.code !== 'USAGE') throw error;
    throw new PoolTrackerError('RECORDS_DAMAGED', `the question '${question}' has no answer: ${error.message}`, {
      cause: error,
    });
  }
  return rows;
}
