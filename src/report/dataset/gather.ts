import { PoolTrackerError } from '../../errors.js';
import type { DatasetQuery } from '../../dataset/query/query.js';
import type { Row } from '../../record/schema/record-type.js';
import { byName, type Capture, type DatasetFacts, type Leak, type Point } from './facts.js';
import { asked, MIN_CAPTURES } from './questions.js';

const STATES: Readonly<Record<string, Capture['state']>> = { ok: 'whole', incomplete: 'incomplete' };

/** The first warning, of the JSON that the record has; what is no such JSON tells nothing. */
function firstWarning(text: string | null): string | null {
  try {
    const [first] = JSON.parse(text ?? '[]') as readonly { readonly message?: unknown }[];
    return typeof first?.message === 'string' ? first.message : null;
  } catch {
    return null;
  }
}

/** Where no label names the host, the image is what there is to tell captures by. */
function hostOf(row: Row): string {
  return (row.host as string) === '' ? (row.image_path as string) : (row.host as string);
}

/** Messages name the image first, which the report does beside them. */
function whyOf(row: Row): string | null {
  const message = (row.error_message as string | null) ?? firstWarning(row.warnings as string | null);
  const path = `${row.image_path as string}: `;
  return message?.startsWith(path) === true ? message.slice(path.length) : message;
}

function captureOf(row: Row): Capture {
  const state = STATES[row.status as string] ?? 'failed';
  return {
    host: hostOf(row),
    time: row.captured_at as number | null,
    timeFrom: row.captured_at_source as string | null,
    path: row.image_path as string,
    version: row.windows_version as string | null,
    state,
    why: state === 'whole' ? null : whyOf(row),
    errorCode: row.error_code as string | null,
    tags: row.tags as number | null,
    pagesMissing: row.pages_missing as number | null,
    nonpaged: row.nonpaged as bigint | null,
    paged: row.paged as bigint | null,
    isAfterRestart: row.restarted === true,
    boot: row.boot as number | null,
  };
}

function inOrder(a: Capture, b: Capture): number {
  return byName(a.host, b.host) || (a.time ?? Infinity) - (b.time ?? Infinity) || byName(a.path, b.path);
}

function pointOf(row: Row): Point {
  return { time: row.captured_at as number, boot: (row.boot ?? 0) as number, bytes: row.bytes as bigint };
}

function leakOf(row: Row, series: readonly Row[], others: readonly Row[]): Leak {
  const isSame = (other: Row): boolean => other.key === row.key && other.place === row.place;
  return {
    host: row.host as string,
    tag: row.tag as string,
    key: row.key as number,
    place: row.place as string,
    captures: Number(row.captures),
    boots: Number(row.boots),
    bytesPerHour: row.bytes_per_hour as number,
    outstandingPerHour: row.outstanding_per_hour as number,
    firstBytes: row.first_bytes as bigint,
    lastBytes: row.last_bytes as bigint,
    rising: row.bytes_rising as number,
    series: series.filter((point) => point.host === row.host && isSame(point)).map(pointOf),
    others: others
      .filter((point) => point.leaking === row.host && isSame(point))
      .map((point) => ({ ...pointOf(point), host: point.host as string })),
  };
}

/** While a compaction puts merged files beside those they were made of, records are there twice: no sum is right. */
async function refuseTwice(query: DatasetQuery): Promise<void> {
  const [twice] = await asked(query, 'twice');
  const records = Number(twice!.records);
  if (records === 0) return;
  throw new PoolTrackerError(
    'RECORDS_DAMAGED',
    `${records} images of the dataset are there twice: their counts would be doubled`,
    {
      hint: 'a compaction is under way, or was ended in its midst: pool-tracker compact ends it',
    },
  );
}

/**
 * All that the report of a dataset needs.
 * @throws PoolTrackerError RECORDS_DAMAGED, also where a compaction is under way
 */
export async function gatherDataset(query: DatasetQuery): Promise<DatasetFacts> {
  await query.keep();
  await refuseTwice(query);
  const [counts] = await asked(query, 'counts');
  const [judged] = await asked(query, 'judged');
  const [series, others] = [await asked(query, 'series'), await asked(query, 'others')];
  return {
    captures: (await asked(query, 'captures')).map(captureOf).sort(inOrder),
    captureCount: Number(counts!.captures),
    brokenCount: { incomplete: Number(counts!.incomplete), failed: Number(counts!.failed) },
    hostCount: Number(counts!.hosts),
    tagRecords: counts!.tag_records as bigint,
    judged: { boots: Number(judged!.boots), hosts: Number(judged!.hosts), minCaptures: MIN_CAPTURES },
    leaks: (await asked(query, 'leaks')).map((row) => leakOf(row, series, others)),
    passedOver: (await asked(query, 'passedOver')).map((row) => ({
      path: row.path as string,
      reason: row.reason as string | null,
    })),
    outliers: (await asked(query, 'outliers')).map((row) => ({
      host: row.host as string,
      version: row.windows_version as string,
      tag: row.tag as string,
      key: row.key as number,
      bytes: Number(row.bytes),
      fleetBytes: Number(row.fleet_bytes),
      score: Number(row.score),
    })),
    medians: (await asked(query, 'medians')).map((row) => ({
      host: row.host as string,
      version: row.windows_version as string,
      key: row.key as number,
      bytes: row.bytes as bigint,
    })),
    topTags: (await asked(query, 'topTags')).flatMap((row) =>
      row.nonpaged === null || row.paged === null || row.most_bytes === null
        ? []
        : [
            {
              tag: row.tag as string,
              hosts: Number(row.hosts),
              nonpaged: row.nonpaged as bigint,
              paged: row.paged as bigint,
              mostBytes: row.most_bytes as bigint,
              mostOn: (row.most_on ?? '') as string,
            },
          ],
    ),
  };
}
