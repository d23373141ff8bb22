/** A capture as the panels need it. */
export interface Capture {
  readonly host: string;
  /** Milliseconds since 1970 UTC; null where nothing gives a time. */
  readonly time: number | null;
  /** kernel, header or file; null without a time, and in old records. */
  readonly timeFrom: string | null;
  readonly path: string;
  readonly version: string | null;
  readonly state: 'whole' | 'incomplete' | 'failed';
  /** Of a capture that is not whole: why, in one line. */
  readonly why: string | null;
  readonly errorCode: string | null;
  readonly tags: number | null;
  readonly pagesMissing: number | null;
  /** Sums; null where the capture is not whole. */
  readonly nonpaged: bigint | null;
  readonly paged: bigint | null;
  /** Whether the host was started since the capture before. */
  readonly isAfterRestart: boolean;
  /** Which start of its host it is of; null where that cannot be told. */
  readonly boot: number | null;
}

/** A tag that grows without end on a host. */
export interface Leak {
  readonly host: string;
  readonly tag: string;
  readonly key: number;
  readonly place: string;
  readonly captures: number;
  readonly boots: number;
  readonly bytesPerHour: number;
  readonly outstandingPerHour: number;
  readonly firstBytes: bigint;
  readonly lastBytes: bigint;
  /** Share of the steps in which it rose. */
  readonly rising: number;
  readonly series: readonly Point[];
  /** The same tag on other hosts with the same build. */
  readonly others: readonly (Point & { readonly host: string })[];
}

/** A point of a series; a line is broken where the boot changes. */
export interface Point {
  readonly time: number;
  readonly boot: number;
  readonly bytes: bigint;
}

/** A host that holds far more or less of a tag than others with its build. */
export interface Outlier {
  readonly host: string;
  readonly version: string;
  readonly tag: string;
  readonly key: number;
  readonly bytes: number;
  readonly fleetBytes: number;
  readonly score: number;
}

/** What a host holds of a tag in most captures. */
export interface HostMedian {
  readonly host: string;
  readonly version: string;
  readonly key: number;
  readonly bytes: bigint;
}

/** A tag over the latest whole capture of each host. */
export interface TopTag {
  readonly tag: string;
  readonly hosts: number;
  readonly nonpaged: bigint;
  readonly paged: bigint;
  readonly mostBytes: bigint;
  readonly mostOn: string;
}

/** All that a report of a dataset tells. */
export interface DatasetFacts {
  /** By host and time; not more than are shown. */
  readonly captures: readonly Capture[];
  /** How many there are in all, and of tags' records. */
  readonly captureCount: number;
  /** How many of all are not whole. */
  readonly brokenCount: { readonly incomplete: number; readonly failed: number };
  /** Of all captures. */
  readonly hostCount: number;
  readonly tagRecords: bigint;
  readonly leaks: readonly Leak[];
  readonly outliers: readonly Outlier[];
  /** Of the outliers' tags, all hosts. */
  readonly medians: readonly HostMedian[];
  readonly topTags: readonly TopTag[];
  /** Files that a batch took for no image. */
  readonly passedOver: readonly { readonly path: string; readonly reason: string | null }[];
  /** Starts of hosts with so many captures that growth shows, and how many hosts. */
  readonly judged: { readonly boots: number; readonly hosts: number; readonly minCaptures: number };
}

/**
 * When the memory was taken; null where that is not known: when a file was last modified is when it was copied, often
 * enough, and would stretch every axis.
 */
export function takenAt({ time, timeFrom }: Capture): number | null {
  return timeFrom === 'file' ? null : time;
}

/** `10.0.22000.1219` as `22000`: what one calls a build. */
export function buildOf(version: string | null): string {
  const parts = (version ?? '').split('.');
  return parts[2] ?? (version === null ? '?' : version);
}

/** Names in the order of people: `host2` before `host10`. */
export function byName(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

/** What is wrong with each host, in words; none for others. */
export function oddHosts({ leaks, outliers }: DatasetFacts): Map<string, string[]> {
  const words = new Map<string, string[]>();
  const add = (host: string, word: string): void => {
    const ofHost = words.get(host) ?? [];
    if (!ofHost.includes(word)) words.set(host, [...ofHost, word]);
  };
  for (const { host, tag } of leaks) add(host, `${tag.trim()} grows`);
  for (const { host, tag, key, score } of outliers) {
    if (!leaks.some((leak) => leak.host === host && leak.key === key))
      add(host, `${tag.trim()} ${score > 0 ? 'high' : 'low'}`);
  }
  return words;
}
