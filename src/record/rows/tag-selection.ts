import { PoolTrackerError } from '../../errors.js';
import { tagName } from '../../pool/table/tag-name.js';
import { KnownTags } from '../../pool/tag-names/tag-names.js';
import type { TagCounts } from '../../pool/table/tag-totals.js';

/** Values of `--sort`. All except `tag` put the largest first. */
export const SORT_ORDERS = ['tag', 'bytes', 'nonpaged', 'paged', 'outstanding', 'allocs', 'frees', 'each'] as const;
/**
 * An order of tags: by name, or by a sum over the selected pools (nonpaged and paged: bytes of one; each: bytes of one
 * allocation in use), largest first.
 */
export type SortOrder = (typeof SORT_ORDERS)[number];

/** Values of `--pool`. */
export const POOLS = ['nonpaged', 'paged'] as const;
/** A pool whose counts alone are selected and ordered by. */
export type Pool = (typeof POOLS)[number];

/** Which tags are selected, and their order. */
export interface TagSelection {
  /** Patterns of WinDbg's !poolused: `*` any characters, `?` one. Any match selects a tag; default: all. */
  readonly tags?: readonly string[];
  /** Patterns of tags to exclude. */
  readonly exclude?: readonly string[];
  /** Default: table order. */
  readonly sort?: SortOrder;
  /** The order the other way round: smallest first. */
  readonly reverse?: boolean;
  /** Maximum number of tags, the first in the order; all by default. */
  readonly top?: number;
  /** Only tags that this pool ever had; they are ordered and bounded by its counts alone. */
  readonly pool?: Pool;
  /** Excludes tags with fewer bytes in use. */
  readonly minBytes?: bigint;
  /** Excludes tags with fewer allocations in use. */
  readonly minOutstanding?: bigint;
  /** Excludes tags with nothing outstanding. */
  readonly inUse?: boolean;
  /** Excludes tags in the lists of known tags. */
  readonly thirdParty?: boolean;
  /** Gives the counters of the kernel's own report instead of the plain sums. */
  readonly asReported?: boolean;
}

/** What tags are selected and ordered by. */
export interface SelectableTag extends TagCounts {
  readonly nonPagedOutstanding: bigint;
  readonly pagedOutstanding: bigint;
}

/** Compiles a pattern; it is matched against the printable form of a tag, in full, with or without its trailing spaces. */
export function tagPattern(pattern: string): RegExp {
  if (pattern === '') throw new PoolTrackerError('USAGE', 'a tag pattern is empty', { hint: "try --tag 'Nt*'" });
  const source = [...pattern]
    .map((char) => {
      if (char === '*') return '.*';
      if (char === '?') return '(?:\\\\x[0-9A-F]{2}|[^\\\\])';
      return char.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
    })
    .join('');
  return new RegExp(`^${source} *$`, 's');
}

type Measure = (total: SelectableTag, pool: Pool | undefined) => bigint;

/** The sum over both pools, or the count of one, of a measure's two counters. */
function summed(nonPaged: (tag: SelectableTag) => bigint, paged: (tag: SelectableTag) => bigint): Measure {
  return (tag, pool) => (pool === 'paged' ? 0n : nonPaged(tag)) + (pool === 'nonpaged' ? 0n : paged(tag));
}

const bytesOf = summed(
  ({ counters }) => counters[2],
  ({ counters }) => counters[5],
);
const outstandingOf = summed(
  ({ nonPagedOutstanding }) => nonPagedOutstanding,
  ({ pagedOutstanding }) => pagedOutstanding,
);

/** Thousandths of a byte, so that averages that differ little are in order; nothing in use comes last. */
function bytesEach(total: SelectableTag, pool: Pool | undefined): bigint {
  const inUse = outstandingOf(total, pool);
  return inUse > 0n ? (bytesOf(total, pool) * 1000n) / inUse : -1n;
}

const MEASURES: Readonly<Record<Exclude<SortOrder, 'tag'>, Measure>> = {
  bytes: bytesOf,
  nonpaged: ({ counters }) => counters[2],
  paged: ({ counters }) => counters[5],
  outstanding: outstandingOf,
  allocs: summed(
    ({ counters }) => counters[0],
    ({ counters }) => counters[3],
  ),
  frees: summed(
    ({ counters }) => counters[1],
    ({ counters }) => counters[4],
  ),
  each: bytesEach,
};

/** A tag and its printable form, which is made once: orders look at it some twenty times. */
interface Named<T extends SelectableTag> {
  readonly tag: T;
  readonly name: string;
}

type Order = (a: Named<SelectableTag>, b: Named<SelectableTag>) => number;

/** Orders tags by their bytes, like Rekall: case-sensitive, with a protected tag next to its namesake. */
const byTag: Order = (a, b) => {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  return a.tag.key - b.tag.key || a.tag.slot - b.tag.slot;
};

function orderBy(order: SortOrder, pool: Pool | undefined): Order {
  if (order === 'tag') return byTag;
  const measure = MEASURES[order];
  return (a, b) => {
    const [first, second] = [measure(a.tag, pool), measure(b.tag, pool)];
    return first === second ? byTag(a, b) : first < second ? 1 : -1;
  };
}

/** Whether a tag of this printable name is selected. */
export function tagFilter({ tags = [], exclude = [] }: TagSelection): (name: string) => boolean {
  const wanted = tags.map(tagPattern);
  const unwanted = exclude.map(tagPattern);
  return (name) =>
    (wanted.length === 0 || wanted.some((pattern) => pattern.test(name))) &&
    !unwanted.some((pattern) => pattern.test(name));
}

/** Whether the counts of a tag are within the bounds of a selection. */
function isWithin(tag: SelectableTag, { pool, inUse, minBytes, minOutstanding }: TagSelection): boolean {
  if (pool !== undefined && tag.counters[pool === 'nonpaged' ? 0 : 3] === 0n && bytesOf(tag, pool) === 0n) return false;
  const isInUse = [tag.nonPagedOutstanding, tag.pagedOutstanding].some(
    (outstanding, index) => outstanding !== 0n && (pool === undefined || POOLS[index] === pool),
  );
  return (
    (inUse !== true || isInUse) &&
    (minBytes === undefined || bytesOf(tag, pool) >= minBytes) &&
    (minOutstanding === undefined || outstandingOf(tag, pool) >= minOutstanding)
  );
}

/**
 * The selected totals in the selected order. Holds at most one table's totals.
 * @param known the tags that `thirdParty` excludes
 */
export function selectTags<T extends SelectableTag>(
  totals: Iterable<T>,
  selection: TagSelection,
  known = new KnownTags(),
): T[] {
  const isWanted = tagFilter(selection);
  const picked = Array.from(totals, (tag): Named<T> => ({ tag, name: tagName(tag.key) })).filter(
    ({ tag, name }) =>
      isWanted(name) && isWithin(tag, selection) && !(selection.thirdParty === true && known.find(tag.key) !== null),
  );
  if (selection.sort !== undefined) picked.sort(orderBy(selection.sort, selection.pool));
  if (selection.reverse === true) picked.reverse();
  return picked.slice(0, selection.top).map(({ tag }) => tag);
}

/**
 * The tags that a selection's patterns would find in another case, where they find none as they are: tags are case
 * sensitive, and `proc` is not `Proc`.
 */
export function inAnotherCase(totals: Iterable<SelectableTag>, { tags = [] }: TagSelection): string[] {
  const names = [...new Set(Array.from(totals, ({ key }) => tagName(key)))];
  const exact = tagFilter({ tags });
  if (tags.length === 0 || names.some(exact)) return [];
  const folded = tagFilter({ tags: tags.map((pattern) => pattern.toLowerCase()) });
  return names.filter((name) => folded(name.toLowerCase()));
}
