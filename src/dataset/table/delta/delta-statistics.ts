import type { ColumnType, RecordType } from '../../../record/schema/record-type.js';
import type { Bound, FileStatistics } from '../file-statistics.js';

/** The `stats` of a file as JSON text: integers exactly, times as ISO 8601 in UTC. */
export function deltaStatistics({ rows, columns }: FileStatistics, recordType: RecordType): string {
  const parts: Record<'minValues' | 'maxValues' | 'nullCount', string[]> = {
    minValues: [],
    maxValues: [],
    nullCount: [],
  };
  for (const { name, type } of recordType.columns) {
    const found = columns.get(name);
    if (found === undefined) continue;
    const { nulls, bounds } = found;
    if (bounds !== null) {
      parts.minValues.push(`${JSON.stringify(name)}:${jsonOf(bounds.min, type)}`);
      parts.maxValues.push(`${JSON.stringify(name)}:${jsonOf(bounds.max, type)}`);
    }
    if (nulls !== null) parts.nullCount.push(`${JSON.stringify(name)}:${nulls}`);
  }
  const objects = Object.entries(parts).map(([name, members]) => `"${name}":{${members.join(',')}}`);
  return `{"numRecords":${rows},${objects.join(',')}}`;
}

function jsonOf(bound: Bound, type: ColumnType): string {
  if (type === 'timestamp') return JSON.stringify(new Date(Number(bound)).toISOString());
  return typeof bound === 'string' ? JSON.stringify(bound) : String(bound);
}
