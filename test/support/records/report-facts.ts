import type { DatasetFacts, Capture } from '../../../src/report/dataset/facts.js';
import { type ImageFacts, tagFacts } from '../../../src/report/image/facts.js';
import type { Row } from '../../../src/record/schema/record-type.js';

/** A `pool_tag` row with these columns, and nothing odd in the others. */
export function tagRow(tag: string, more: Row = {}): Row {
  return {
    tag,
    key: 1,
    nonpaged_allocs: 1000n,
    nonpaged_frees: 900n,
    nonpaged_outstanding: 100n,
    nonpaged_bytes: 102_400n,
    paged_allocs: 0n,
    paged_frees: 0n,
    paged_outstanding: 0n,
    paged_bytes: 0n,
    place: 'table',
    complete: true,
    consistency: 'consistent',
    driver: null,
    description: null,
    candidates: null,
    ...more,
  };
}

/** Facts of an image that is all right, with these. */
export function imageFacts(
  rows: readonly Row[],
  { image = {}, ...more }: Partial<Omit<ImageFacts, 'image'>> & { image?: object } = {},
): ImageFacts {
  return {
    image: {
      labels: null,
      warnings: [],
      rejected: [],
      doubts: [],
      facts: [],
      tables: [],
      image_path: 'memory.raw',
      image_id: '0'.repeat(32),
      status: 'ok',
      captured_at: Date.UTC(2024, 0, 2),
      windows_version: '10.0.19041.1466',
      arch: 'x64',
      host: null,
      processors: 2,
      processors_seen: 2,
      located_by: 'known-build',
      hash_law_share: 1,
      pages_missing: 0,
      entries_missing: 0,
      memory_bytes: 1n << 30n,
      image_bytes: 1n << 30n,
      format: 'raw',
      bytes_read: 4096n,
      ...image,
    },
    tags: tagFacts(rows),
    big: { allocations: 0, bytes: 0n, sizes: [], largest: [], shortfall: null },
    processes: [],
    processShortfall: null,
    objects: [],
    processors: [],
    ...more,
  };
}

/** A whole capture with these differences. */
export function capture(host: string, hour: number, more: Partial<Capture> = {}): Capture {
  return {
    host,
    time: Date.UTC(2024, 2, 1, hour),
    timeFrom: 'kernel',
    path: `${host}/${hour}.dmp`,
    version: '10.0.19041.1466',
    state: 'whole',
    why: null,
    errorCode: null,
    tags: 60,
    pagesMissing: 0,
    nonpaged: 40n << 20n,
    paged: 50n << 20n,
    isAfterRestart: false,
    boot: 0,
    ...more,
  };
}

/** Facts of a dataset with these captures, in which nothing is odd. */
export function datasetFacts(captures: readonly Capture[], more: Partial<DatasetFacts> = {}): DatasetFacts {
  return {
    captures,
    captureCount: captures.length,
    brokenCount: {
      incomplete: captures.filter(({ state }) => state === 'incomplete').length,
      failed: captures.filter(({ state }) => state === 'failed').length,
    },
    hostCount: new Set(captures.map(({ host }) => host)).size,
    tagRecords: 60n * BigInt(captures.length),
    leaks: [],
    outliers: [],
    medians: [],
    topTags: [],
    passedOver: [],
    judged: { boots: 1, hosts: 1, minCaptures: 6 },
    ...more,
  };
}

/** What a reader sees of HTML: text without marks, in one line. */
export function seen(html: string): string {
  return html
    .replace(/<(style|script)[^>]*>.*?<\/\1>/gs, ' ')
    .replace(/<[^>]*>/g, '')
    .replaceAll('&#39;', "'")
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
    .replace(/\s+/g, ' ');
}
