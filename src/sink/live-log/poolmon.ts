import {
  countOf,
  type LiveCounts,
  type LiveTag,
  type NumberedLine,
  type Snapshot,
  UNKNOWN_COUNTS,
} from './snapshot.js';

/** The line of headings, which begins a snapshot: of the console, and of the file that `poolmon -n` writes. */
export const POOLMON_HEADINGS = /^\s*Tag\s+Type\s+Allocs\s+Frees\s+Diff\b/;

/** A count may be followed by its change since the last update, in brackets. */
const COUNT = String.raw`(-?\d{1,20})(?:\s*\(\s*-?\d+\))?`;
/** The tag has four columns after a blank; where a copy has lost blanks, it is what stands before the type. */
const LINE = new RegExp(
  String.raw`^(?: (.{4})|\s*(\S(?:.{0,3}?)))\s+(Nonp|Paged)\s+${[COUNT, COUNT, COUNT, COUNT].join(String.raw`\s+`)}\s+-?\d+(?:\s+(.*))?$`,
  'i',
);

/** `[afd.sys - data buffer]`, as `/g` and `/c` add it; several drivers are separated by blanks or commas. */
function mappedDriver(text: string | undefined): Pick<LiveTag, 'driver' | 'description'> {
  const inner = /^\[(.*)\]$/.exec(text?.trim() ?? '')?.[1]?.trim();
  if (inner === undefined || inner === '') return { driver: null, description: null };
  const [, driver, description] = /^(\S+)\s+-\s+(.*)$/.exec(inner) ?? [];
  return driver === undefined ? { driver: inner, description: null } : { driver, description: description! };
}

/** One line of a tag in one pool; null for any other line. */
function lineOf(text: string): {
  readonly tag: string;
  readonly isPaged: boolean;
  readonly counts: LiveCounts;
  readonly mapped: string | undefined;
} | null {
  const [, wide, narrow, type, allocs, frees, diff, bytes, mapped] = LINE.exec(text) ?? [];
  if (type === undefined) return null;
  return {
    tag: (wide ?? narrow!).trimEnd(),
    isPaged: type.toLowerCase() === 'paged',
    counts: { allocs: countOf(allocs), frees: countOf(frees), outstanding: countOf(diff), bytes: countOf(bytes) },
    mapped,
  };
}

/**
 * Snapshots of poolmon, of its console or the file of `poolmon -n`: each begins with a line of headings. A pool that
 * has no line for a tag is not known: poolmon may show one pool alone.
 * Facts: the PoolMon display in Microsoft's documentation of the driver kit.
 *
 * @param malformed gets the numbers of lines that are no tag's
 */
export function poolmonSnapshots(lines: readonly NumberedLine[], malformed: number[]): Snapshot[] {
  const snapshots: Map<string, LiveTag>[] = [];
  for (const [text, number] of lines) {
    if (POOLMON_HEADINGS.test(text)) {
      snapshots.push(new Map());
      continue;
    }
    const tags = snapshots.at(-1);
    if (tags === undefined || text.trim() === '' || isFrame(text)) continue;
    const line = lineOf(text);
    if (line === null) {
      malformed.push(number);
      continue;
    }
    const known = tags.get(line.tag) ?? {
      tag: line.tag,
      nonPaged: UNKNOWN_COUNTS,
      paged: UNKNOWN_COUNTS,
      ...mappedDriver(line.mapped),
    };
    tags.set(line.tag, line.isPaged ? { ...known, paged: line.counts } : { ...known, nonPaged: line.counts });
  }
  return snapshots.map((tags) => ({ tags: [...tags.values()], isWhole: null, capturedAt: null, host: null }));
}

/** The lines around the tags: memory in all, its limits, the totals that the key `e` shows. */
function isFrame(text: string): boolean {
  return /^\s*(Memory:|Commit:|System pool information|Total\b|Poolmon\b|\(\s*Mapped)/i.test(text);
}
