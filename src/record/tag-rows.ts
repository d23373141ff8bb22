import { isProtected, tagName } from '../pool/tag-name.js';
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

/** `pool_tag` rows, one for each total. */
export function* poolTagRows(totals: Iterable<TagTotal>, facts: ImageFacts, imageId: string): Generator<Row> {
  const identity = identityRow(facts, imageId);
  for (const total of totals) {
    yield {
      ...identity,
      ...tagColumns(total, facts),
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
