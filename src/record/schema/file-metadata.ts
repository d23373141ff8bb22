import { SCHEMA_VERSION, type RecordType } from './record-type.js';
import { toolVersion } from '../tool-version.js';

/** Keys of the metadata that Arrow and Parquet files carry. */
export const METADATA_KEY = {
  recordType: 'pool_tracker.record_type',
  schemaVersion: 'pool_tracker.schema_version',
  toolVersion: 'pool_tracker.tool_version',
} as const;

/** What a file of records says of itself: kind of record, version of the schema, version of the tool. */
export function fileMetadata(recordType: RecordType): Map<string, string> {
  return new Map([
    [METADATA_KEY.recordType, recordType.name],
    [METADATA_KEY.schemaVersion, String(SCHEMA_VERSION)],
    [METADATA_KEY.toolVersion, toolVersion()],
  ]);
}
