import { type KernelObjects, notAvailable, OBJECT_KINDS, type ObjectCount } from '../../kernel/objects/objects.js';
import { CONSISTENCIES } from '../../pool/table/consistency.js';
import { tagName } from '../../pool/table/tag-name.js';
import type { TagTotal } from '../../pool/table/tag-totals.js';

/**
 * Outstanding allocations from which on a way that finds no object at all did not work. Of files, keys and tokens a way
 * sees only those that someone has a handle to, which is a third or more on running systems: that none of so many has
 * one is less likely than one in a hundred thousand.
 */
const MANY = 32n;

/** What the totals of a tag say, with and without PROTECTED_POOL; nulls when no table contains it. */
export function tagColumns(totals: readonly TagTotal[], tag: string) {
  const found = totals.filter(({ key }) => tagName(key) === tag);
  if (found.length === 0) return { tag_outstanding: null, tag_complete: null, tag_consistency: null };
  const worst = Math.max(...found.map(({ consistency }) => CONSISTENCIES.indexOf(consistency)));
  return {
    tag_outstanding: found.reduce((sum, total) => sum + total.nonPagedOutstanding + total.pagedOutstanding, 0n),
    tag_complete: found.every(({ complete }) => complete),
    tag_consistency: CONSISTENCIES[worst]!,
  };
}

/**
 * The counts of every way, where those that found none of many become not available: what they found is not known, and
 * is no sign that something is hidden.
 */
export function workingCounts({ counts }: KernelObjects, totals: readonly TagTotal[]): ObjectCount[] {
  return counts.map((count) => {
    const tag = OBJECT_KINDS[count.kind];
    const { tag_outstanding: outstanding, tag_consistency: consistency } = tagColumns(totals, tag);
    if (count.found !== 0 || outstanding === null || outstanding < MANY || consistency === 'impossible') return count;
    const why = `this way did not work: it found none, and ${tag.trimEnd()} has ${outstanding} outstanding`;
    return notAvailable(count.kind, count.method, count.reason === null ? why : `${why}; ${count.reason}`);
  });
}
