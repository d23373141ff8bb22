import { PoolTrackerError } from '../../errors.js';
import { tagName } from '../../pool/table/tag-name.js';
import { KnownTags } from '../../pool/tag-names/tag-names.js';
import type { TagCounts } from '../../pool/table/tag-totals.js';

/** Values of `--sort`. All except `tag` put the largest first. */
export const SORT_ORDERS = ['tag', 'bytes', 'nonpaged', 'paged', 'outstanding', 'allocs', 'frees'] as const;
/** An order of tags: by name, or by a sum over both pools (nonpaged and paged: bytes of one), largest first. */
export type SortOrder = (typeof SORT_ORDERS)[number];

/** Which tags are selected, and their order. */
export interface TagSelection {
  /** Patterns of WinDbg's !poolused: `*` any characters, `?` one. Any match selects a tag; default: all. */
  readonly tags?: readonly string[];
  /** Patterns of tags to exclude. */
  readonly exclude?: readonly string[];
  /** Default: table order. */
  readonly sort?: SortOrder;
  /** Maximum number of tags, the first in the order; all by default. */
  readonly top?: number;
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

const MEASURES: Readonly<Record<Exclude<SortOrder, 'tag'>, (total: SelectableTag) => bigint>> = {
  bytes: ({ counters }) => counters[2] + counters[5],
  nonpaged: ({ counters }) => counters[2],
  paged: ({ counters }) => counters[5],
  outstanding: (total) => total.nonPagedOutstanding + total.pagedOutstanding,
  allocs: ({ counters }) => counters[0] + counters[3],
  frees: ({ counters }) => counters[1] + counters[4],
};

/** Orders tags by their bytes, like Rekall: case-sensitive, with a protected tag next to its namesake. */
function byTag(a: SelectableTag, b: SelectableTag): number {
  const [first, second] = [tagName(a.key), tagName(b.key)];
  if (first !== second) return first < second ? -1 : 1;
  return a.key - b.key || a.slot - b.slot;
}

function compareBy(order: SortOrder): (a: SelectableTag, b: SelectableTag) => number {
  if (order === 'tag') return byTag;
  const measure = MEASURES[order];
  return (a, b) => {
    const [first, second] = [measure(a), measure(b)];
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
  const picked = [...totals].filter((total) => {
    return (
      isWanted(tagName(total.key)) &&
      !(selection.inUse === true && total.nonPagedOutstanding === 0n && total.pagedOutstanding === 0n) &&
      !(selection.thirdParty === true && known.find(total.key) !== null)
    );
  });
  if (selection.sort !== undefined) picked.sort(compareBy(selection.sort));
  return selection.top === undefined ? picked : picked.slice(0, selection.top);
}
