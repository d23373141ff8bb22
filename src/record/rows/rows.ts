import { PoolTrackerError } from '../../errors.js';
import type { DecodedImage } from '../../scan/scan-result.js';
import { bigpoolRows, objectCountRows, processRows } from './object-rows.js';
import type { RecordType, Row } from '../schema/record-type.js';
import { poolTagCpuRows, poolTagRows, type TagNaming } from './tag-rows.js';
import { selectTags, type TagSelection } from './tag-selection.js';

type RowSource = (
  decoded: DecodedImage,
  selection: TagSelection,
  naming: TagNaming,
) => Iterable<Row> | AsyncIterable<Row>;

/** How each record type's rows follow from a decoded image. */
const ROW_SOURCES: Readonly<Record<string, RowSource>> = {
  pool_tag: (decoded, selection, naming) =>
    poolTagRows(selectTags(decoded.totals, selection, naming.known), decoded.facts, decoded.imageId, {
      ...naming,
      big: decoded.walked?.bigTotals ?? null,
    }),
  pool_tag_cpu: (decoded, selection, naming) => {
    const wanted = new Set(selectTags(decoded.totals, selection, naming.known).map(({ key }) => key));
    const tags = decoded.processorTags.filter(({ key }) => wanted.has(key));
    return poolTagCpuRows(tags, decoded.facts, decoded.imageId);
  },
  image: (decoded) => [decoded.image],
  process: (decoded) => processRows(decoded),
  object_count: (decoded) => objectCountRows(decoded),
  bigpool: (decoded, selection) => bigpoolRows(decoded, selection),
};

/** The rows of one record type; those of objects are read from the image as they are asked for, so it must still be open. */
export function rowsOf(
  recordType: RecordType,
  decoded: DecodedImage,
  selection: TagSelection = {},
  naming: TagNaming = {},
): Iterable<Row> | AsyncIterable<Row> {
  const source = ROW_SOURCES[recordType.name];
  if (source === undefined)
    throw new PoolTrackerError('INTERNAL', `no rows are made for record type ${recordType.name}`);
  return source(decoded, selection, naming);
}
