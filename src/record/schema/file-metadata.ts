import { readFileSync } from 'node:fs';
import { type RecordType, SCHEMA_VERSION } from './record-type.js';

let known: string | undefined;

/** Version of this package, from its package.json. */
export function toolVersion(): string {
  if (known === undefined) {
    const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    known = manifest.version;
  }
  return known;
}

/** Keys of the metadata that Arrow and Parquet files carry. */
export const METADATA_KEY = {
  recordType: 'pool_tracker.record_type',
  schemaVersion: 'pool_tracker.schema_version',
  toolVersion: 'pool_tracker.tool_version',
} as const;

/** What a file of records says about itself: record type, version of the schema, version of the tool. */
export function fileMetadata(recordType: RecordType): Map<string, string> {
  return new Map([
    [METADATA_KEY.recordType, recordType.name],
    [METADATA_KEY.schemaVersion, String(SCHEMA_VERSION)],
    [METADATA_KEY.toolVersion, toolVersion()],
  ]);
}
