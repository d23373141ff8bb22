import { isProtected, tagName } from '../pool/tag-name.js';
import { KnownTags } from '../pool/tag-names/known-tags.js';
import type { BigTotal } from '../pool/big-pages.js';
import type { ProcessorTag, TagCounts, TagTotal } from '../pool/tag-totals.js';
import { identityRow, type ImageFacts } from './image-facts.js';
import type { Row } from './record-type.js';

function tagColumns(counts: TagCounts, facts: ImageFacts): Row {
  const [nonPagedAllocs, nonPagedFrees, nonPagedBytes, pagedAllocs, pagedFrees, pagedBytes] = counts.counters;
  return {
    tag: tagName(counts.key),
    key: counts.key,
    protected: isProtected(counts.key),
    nonpaged_allocs: nonPagedAllocs,
    nonpaged_frees: nonPagedFrees,
    nonpaged_bytes: nonPagedBytes,
    paged_allocs: pagedAllocs,
    paged_frees: pagedFrees,
    paged_bytes: pagedBytes,
    slot: counts.slot,
    place: counts.place,
    complete: counts.complete,
    located_by: facts.locatedBy,
  };
}

/** What is known of tags beside their counts. */
export interface TagNaming {
  /** The built-in list alone unless told otherwise. */
  readonly known?: KnownTags;
  /** By key, for tags on no list: the modules that hold the tag's bytes, likeliest first. */
  readonly candidates?: ReadonlyMap<number, readonly string[]>;
  /** By key: allocations of a page or more; null where their table could not be read whole. */
  readonly big?: ReadonlyMap<number, BigTotal> | null;
}

/** `pool_tag` rows, one for each total. */
export function* poolTagRows(totals: Iterable<TagTotal>, facts: ImageFacts, imageId: string, naming: TagNaming = {}): Generator<Row> {
  const identity = identityRow(facts, imageId);
  const { known = new KnownTags(), candidates, big } = naming;
  for (const total of totals) {
    const name = known.find(total.key);
    const modules = candidates?.get(total.key);
    yield {
      ...identity,
      ...tagColumns(total, facts),
      driver: name?.driver ?? null,
      description: name?.description ?? null,
      candidates: modules === undefined ? null : JSON.stringify(modules),
      big_allocations: big?.get(total.key)?.allocations ?? null,
      big_bytes: big?.get(total.key)?.bytes ?? null,
      nonpaged_outstanding: total.nonPagedOutstanding,
      paged_outstanding: total.pagedOutstanding,
      processors_seen: total.processorsSeen,
    };
  }
}

/** `pool_tag_cpu` rows, one for each tag and processor. */
export function* poolTagCpuRows(tags: Iterable<ProcessorTag>, facts: ImageFacts, imageId: string): Generator<Row> {
  const identity = identityRow(facts, imageId);
  for (const tag of tags) yield { ...identity, ...tagColumns(tag, facts), processor: tag.processor };
}
