import { CsvParser } from '../read/csv-parser.js';
import { countOf, type LiveCounts, type LiveTag, type Snapshot } from './snapshot.js';

/** Other names of the counts, in small letters with underscores. */
const COUNT_NAMES: Readonly<Record<keyof LiveCounts, readonly string[]>> = {
  allocs: ['allocs', 'allocations'],
  frees: ['frees'],
  outstanding: ['outstanding', 'diff', 'in_use'],
  bytes: ['bytes', 'used'],
};
const POOL_NAMES = { nonPaged: ['nonpaged', 'np'], paged: ['paged', 'p'] } as const;
const TIME_NAMES = ['captured_at', 'time', 'timestamp'];

type Fields = Readonly<Record<string, string>>;

function normal(title: string): string {
  return title
    .trim()
    .toLowerCase()
    .replace(/[\s-]+/g, '_');
}

/** Whether a first line is the header of a simple CSV of tags: a column `tag`, and any count. */
export function isPlainCsvHeader(line: string): boolean {
  const titles = line.split(',').map((title) => normal(title.replaceAll('"', '')));
  const counts = Object.values(COUNT_NAMES).flat();
  return (
    titles.includes('tag') &&
    titles.some((title) => counts.some((name) => title === name || title.endsWith(`_${name}`)))
  );
}

function first(fields: Fields, names: readonly string[]): string | undefined {
  const found = names.find((name) => (fields[name] ?? '') !== '');
  return found === undefined ? undefined : fields[found]!.trim();
}

/** Counts of one pool from columns like `nonpaged_bytes`; without a prefix where the column `type` names the pool. */
function countsOf(fields: Fields, pool: keyof typeof POOL_NAMES): LiveCounts {
  const type = normal(first(fields, ['type', 'pool']) ?? '');
  const isNamed = type.startsWith(pool === 'paged' ? 'p' : 'n');
  const prefixes = [...POOL_NAMES[pool].map((name) => `${name}_`), ...(isNamed ? [''] : [])];
  const count = (measure: keyof LiveCounts): bigint | null =>
    countOf(
      first(
        fields,
        prefixes.flatMap((prefix) => COUNT_NAMES[measure].map((name) => `${prefix}${name}`)),
      ),
    );
  return { allocs: count('allocs'), frees: count('frees'), outstanding: count('outstanding'), bytes: count('bytes') };
}

/** Counts of one tag that stand on two lines, one a pool. */
function merged(one: LiveCounts, other: LiveCounts): LiveCounts {
  return {
    allocs: one.allocs ?? other.allocs,
    frees: one.frees ?? other.frees,
    outstanding: one.outstanding ?? other.outstanding,
    bytes: one.bytes ?? other.bytes,
  };
}

function timeOf(text: string | undefined): number | null {
  if (text === undefined || !/^\d{4}-\d\d-\d\d/.test(text)) return null;
  // A time without a zone is taken as UTC, as everywhere in records.
  const time = Date.parse(/(Z|[+-]\d\d:?\d\d)$/i.test(text) ? text : `${text.replace(' ', 'T')}Z`);
  return Number.isNaN(time) ? null : time;
}

/**
 * Snapshots of a simple CSV: a column `tag`; counts as `allocs`, `frees`, `diff`, `bytes` with a column `type`, or with
 * `nonpaged_` and `paged_` before them; and, where there are several moments or machines, `captured_at` and `host`.
 *
 * @param malformed gets the numbers of lines that are no tag's
 * @returns null where its header, read as CSV, has no column for the tag
 */
export function plainCsvSnapshots(text: string, malformed: number[]): Snapshot[] | null {
  const parser = new CsvParser();
  const [header = [], ...lines] = [...parser.take(text), ...parser.end()];
  const titles = header.map((title) => normal(title ?? ''));
  if (!titles.includes('tag')) return null;
  const snapshots = new Map<
    string,
    { readonly capturedAt: number | null; readonly host: string | null; readonly tags: Map<string, LiveTag> }
  >();
  lines.forEach((values, index) => {
    const fields = Object.fromEntries(titles.map((title, at) => [title, values[at] ?? '']));
    // Spaces within a tag are part of it; the longest has four characters.
    const tag = fields['tag']!.trimEnd();
    if (values.length !== titles.length || tag === '' || tag.length > 4) {
      malformed.push(index + 2);
      return;
    }
    const capturedAt = timeOf(first(fields, TIME_NAMES));
    const host = first(fields, ['host', 'computer']) ?? null;
    const key = JSON.stringify([capturedAt, host]);
    const snapshot = snapshots.get(key) ?? { capturedAt, host, tags: new Map<string, LiveTag>() };
    snapshots.set(key, snapshot);
    const known = snapshot.tags.get(tag);
    const [nonPaged, paged] = [countsOf(fields, 'nonPaged'), countsOf(fields, 'paged')];
    snapshot.tags.set(tag, {
      tag,
      nonPaged: known === undefined ? nonPaged : merged(known.nonPaged, nonPaged),
      paged: known === undefined ? paged : merged(known.paged, paged),
      driver: first(fields, ['driver', 'mapped_driver']) ?? null,
      description: first(fields, ['description']) ?? null,
    });
  });
  return [...snapshots.values()].map(({ tags, ...rest }) => ({ ...rest, tags: [...tags.values()], isWhole: null }));
}
