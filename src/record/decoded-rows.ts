import { PoolTrackerError } from '../errors.js';
import type { DecodedImage } from './decoded-image.js';
import type { RecordType, Row } from './record-type.js';
import { poolTagCpuRows, poolTagRows } from './tag-rows.js';
import { selectTags, type TagSelection } from './tag-selection.js';

type RowSource = (decoded: DecodedImage, selection: TagSelection) => Iterable<Row>;

/** How each record type's rows follow from a decoded image. */
const ROW_SOURCES: Readonly<Record<string, RowSource>> = {
  pool_tag: (decoded, selection) => poolTagRows(selectTags(decoded.totals, selection), decoded.facts, decoded.imageId),
  pool_tag_cpu: (decoded, selection) => {
    const wanted = new Set(selectTags(decoded.totals, selection).map(({ key }) => key));
    const tags = decoded.processorTags.filter(({ key }) => wanted.has(key));
    return poolTagCpuRows(tags, decoded.facts, decoded.imageId);
  },
  image: (decoded) => [decoded.image],
};

/** The rows of one record type. */
export function rowsOf(recordType: RecordType, decoded: DecodedImage, selection: TagSelection = {}): Iterable<Row> {
  const source = ROW_SOURCES[recordType.name];
  if (source === undefined) throw new PoolTrackerError('INTERNAL', `no rows are made for record type ${recordType.name}`);
  return source(decoded, selection);
}
