import { isMissing } from '../../errors.js';
import { isProtected, tagName } from '../../pool/table/tag-name.js';
import { KnownTags } from '../../pool/tag-names/tag-names.js';
import { doubtOfAll } from '../../scan/image-doubts.js';
import type { ScanResult } from '../../scan/scan-result.js';
import type { Row } from '../schema/record-type.js';
import { identityRow } from './image-row.js';
import type { TagNaming } from './tag-rows.js';
import { selectTags, type TagSelection } from './tag-selection.js';

/** `pool_tag_session` rows, session by session; none where the kernel keeps no such tables, or they cannot be read. */
export async function* sessionTagRows(
  result: ScanResult,
  selection: TagSelection,
  { known = new KnownTags() }: TagNaming,
): AsyncGenerator<Row> {
  if (isMissing(result.objects)) return;
  const pools = await result.objects.sessionPools();
  if (isMissing(pools)) return;
  const identity = identityRow(result);
  // Of doubts of the system's tables only those of the memory itself touch other tables.
  const isCertain = doubtOfAll(result.doubts) === null;
  for (const { id, tags } of pools.sessions) {
    for (const tag of selectTags(tags, selection, known)) {
      const { counters } = tag;
      const name = known.find(tag.key);
      yield {
        ...identity,
        tag: tagName(tag.key),
        key: tag.key,
        protected: isProtected(tag.key),
        session: id | 0,
        nonpaged_allocs: counters[0],
        nonpaged_frees: counters[1],
        nonpaged_outstanding: tag.nonPagedOutstanding,
        nonpaged_bytes: counters[2],
        paged_allocs: counters[3],
        paged_frees: counters[4],
        paged_outstanding: tag.pagedOutstanding,
        paged_bytes: counters[5],
        slot: tag.slot,
        place: tag.place,
        complete: tag.complete && isCertain,
        consistency: tag.consistency,
        driver: name?.driver ?? null,
        description: name?.description ?? null,
      };
    }
  }
}
