import { PoolTrackerError } from '../../errors.js';
import { fieldId } from './field-ids.js';
import { IMAGE, IMAGE_WARNING } from './image-record.js';
import { POOL_TAG_LIVE } from './live-records.js';
import { OBJECT_COUNT, OBJECT_HOLDER, PROCESS } from './object-records.js';
import type { RecordType, RowOf } from './record-type.js';
import { BIGPOOL, POOL_TAG, POOL_TAG_CPU, POOL_TAG_SESSION } from './tag-records.js';

export { IMAGE, IMAGE_WARNING } from './image-record.js';
export { POOL_TAG_LIVE } from './live-records.js';
export { OBJECT_COUNT, OBJECT_HOLDER, PROCESS } from './object-records.js';
export { BIGPOOL, POOL_TAG, POOL_TAG_CPU, POOL_TAG_SESSION } from './tag-records.js';

/** Every kind of record; schemas/ is generated from this list. */
export const RECORD_TYPES = [
  POOL_TAG,
  POOL_TAG_CPU,
  IMAGE,
  PROCESS,
  OBJECT_COUNT,
  OBJECT_HOLDER,
  BIGPOOL,
  POOL_TAG_SESSION,
  POOL_TAG_LIVE,
  IMAGE_WARNING,
] as const satisfies readonly RecordType[];

/** The kinds that a scan of an image makes; the others come from elsewhere. */
export const SCANNED_RECORD_TYPES: readonly RecordType[] = RECORD_TYPES.filter((type) => type !== POOL_TAG_LIVE);

/** The name of a kind of record. */
export type RecordName = (typeof RECORD_TYPES)[number]['name'];

/** A record of the kind of this name: the values of its columns by their names, counters as bigints. */
export type RecordRow<Name extends RecordName> = RowOf<Extract<(typeof RECORD_TYPES)[number], { readonly name: Name }>>;

/** @throws PoolTrackerError USAGE for a name that is not in the list */
export function recordTypeNamed(name: string): RecordType {
  const found: RecordType | undefined = RECORD_TYPES.find((type) => type.name === name);
  if (found !== undefined) return found;
  throw new PoolTrackerError('USAGE', `no record type is named '${name}'`, {
    hint: `one of: ${RECORD_TYPES.map((type) => type.name).join(', ')}`,
  });
}

/** The field ids of a record type's columns, by name; none for what is no record type of ours, as the answer of a query. */
export function columnIds(recordType: RecordType): ReadonlyMap<string, number> {
  const ids = new Map<string, number>();
  for (const { name } of RECORD_TYPES.some((known) => known === recordType) ? recordType.columns : []) {
    const id = fieldId(name);
    if (id !== null) ids.set(name, id);
  }
  return ids;
}
