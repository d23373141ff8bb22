import { isMissing } from '../../errors.js';
import { isProtected, tagName } from '../../pool/table/tag-name.js';
import { type DriverCandidate, KnownTags } from '../../pool/tag-names/tag-names.js';
import type { KeylessCounts, ProcessorTag, TagTotal } from '../../pool/table/tag-totals.js';
import type { ScanResult } from '../../scan/scan-result.js';
import type { Row } from '../schema/record-type.js';
import { identityRow } from './image-row.js';

/** What is known about tags besides their counts. */
export interface TagNaming {
  /** Default: only the built-in list. */
  readonly known?: KnownTags;
  /** By key, for unlisted tags: the drivers that contain the tag's bytes, likeliest first. */
  readonly candidates?: ReadonlyMap<number, readonly DriverCandidate[]>;
}

/** The names alone, each once. */
function namesText(drivers: readonly DriverCandidate[]): string {
  return JSON.stringify([...new Set(drivers.map(({ name }) => name))]);
}

function driversText(drivers: readonly DriverCandidate[]): string {
  return JSON.stringify(
    drivers.map(({ sameBuild: same_build, inCode: in_code, ...rest }) => ({ ...rest, same_build, in_code })),
  );
}

const KEYLESS_NAMES = [
  'nonpaged_allocs',
  'nonpaged_frees',
  'nonpaged_bytes',
  'paged_allocs',
  'paged_frees',
  'paged_bytes',
] as const;

/*
 * The rows below are written out column by column, although spreading shared parts would be shorter: V8 creates an
 * object of this size from one literal a hundred times faster than from spreads, and most rows are of these types.
 */

/** Exact integers, which JSON.stringify does not write. */
function keylessText({ processors, counters }: KeylessCounts): string {
  const counts = counters.map((value, index) => `"${KEYLESS_NAMES[index]}":${value}`);
  return `{"processors":${processors},${counts.join(',')}}`;
}

/**
 * `pool_tag` rows of a result, one for each of the given totals.
 * @param isReported whether the totals are those of the kernel's own report
 */
export function* poolTagRows(
  result: ScanResult,
  totals: Iterable<TagTotal>,
  { known = new KnownTags(), candidates }: TagNaming = {},
  isReported = false,
): Generator<Row> {
  const image = identityRow(result);
  const locatedBy = result.tables?.locatedBy ?? null;
  const big = isMissing(result.objects) ? null : result.objects.bigTotals;
  for (const total of totals) {
    const { counters } = total;
    const name = known.find(total.key);
    const drivers = candidates?.get(total.key);
    const inBigPages = big?.get(total.key);
    yield {
      schema_version: image.schema_version,
      image_id: image.image_id,
      image_path: image.image_path,
      system: image.system,
      host: image.host,
      labels: image.labels,
      captured_at: image.captured_at,
      windows_version: image.windows_version,
      arch: image.arch,
      kernel_guid: image.kernel_guid,
      tag: tagName(total.key),
      key: total.key,
      protected: isProtected(total.key),
      driver: name?.driver ?? null,
      description: name?.description ?? null,
      candidates: drivers === undefined ? null : namesText(drivers),
      candidate_drivers: drivers === undefined ? null : driversText(drivers),
      nonpaged_allocs: counters[0],
      nonpaged_frees: counters[1],
      nonpaged_outstanding: total.nonPagedOutstanding,
      nonpaged_bytes: counters[2],
      paged_allocs: counters[3],
      paged_frees: counters[4],
      paged_outstanding: total.pagedOutstanding,
      paged_bytes: counters[5],
      big_allocations: inBigPages?.allocations ?? null,
      big_bytes: inBigPages?.bytes ?? null,
      slot: total.slot,
      place: total.place,
      processors_seen: total.processorsSeen,
      complete: total.complete,
      located_by: locatedBy,
      consistency: total.consistency,
      keyless: total.keyless === null ? null : total.keyless.isCounted ? 'counted' : 'apart',
      keyless_counts: total.keyless === null ? null : keylessText(total.keyless),
      as_reported: isReported,
    };
  }
}

/** `pool_tag_cpu` rows of a result, one for each of the given entries. */
export function* poolTagCpuRows(result: ScanResult, tags: Iterable<ProcessorTag>): Generator<Row> {
  const image = identityRow(result);
  const locatedBy = result.tables?.locatedBy ?? null;
  for (const tag of tags) {
    const { counters } = tag;
    yield {
      schema_version: image.schema_version,
      image_id: image.image_id,
      image_path: image.image_path,
      system: image.system,
      host: image.host,
      labels: image.labels,
      captured_at: image.captured_at,
      windows_version: image.windows_version,
      arch: image.arch,
      kernel_guid: image.kernel_guid,
      tag: tagName(tag.key),
      key: tag.key,
      protected: isProtected(tag.key),
      processor: tag.processor,
      nonpaged_allocs: counters[0],
      nonpaged_frees: counters[1],
      nonpaged_bytes: counters[2],
      paged_allocs: counters[3],
      paged_frees: counters[4],
      paged_bytes: counters[5],
      slot: tag.slot,
      place: tag.place,
      complete: tag.complete,
      located_by: locatedBy,
    };
  }
}
