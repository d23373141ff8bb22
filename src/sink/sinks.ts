import { PoolTrackerError } from '../errors.js';
import type { SinkFormat } from './sink.js';

/** Every format that records can be written in; one more is one more file and one more line here. */
export const SINKS: readonly SinkFormat[] = [
  { name: 'parquet', extensions: ['.parquet'], load: async () => (await import('./parquet/parquet.js')).encodeParquet },
  { name: 'ndjson', extensions: ['.ndjson'], load: async () => (await import('./ndjson/ndjson.js')).encodeNdjson },
  { name: 'ndjson.gz', extensions: ['.ndjson.gz'], load: async () => (await import('./ndjson/ndjson.js')).encodeNdjsonGzip },
  { name: 'arrow', extensions: ['.arrow'], load: async () => (await import('./arrow/arrow.js')).encodeArrowFile },
  { name: 'arrows', extensions: ['.arrows'], load: async () => (await import('./arrow/arrow.js')).encodeArrowStream },
  { name: 'csv', extensions: ['.csv'], load: async () => (await import('./csv/csv.js')).encodeCsv },
  { name: 'table', extensions: ['.txt'], load: async () => (await import('./table.js')).encodeTable },
];

/** @throws PoolTrackerError USAGE for a name that is not in the list */
export function sinkNamed(name: string): SinkFormat {
  const found = SINKS.find((sink) => sink.name === name);
  if (found !== undefined) return found;
  throw new PoolTrackerError('USAGE', `no output format is named '${name}'`, { hint: `one of: ${SINKS.map((sink) => sink.name).join(', ')}` });
}

/** @throws PoolTrackerError USAGE when the ending of the name chooses no format */
export function sinkForPath(path: string): SinkFormat {
  const lower = path.toLowerCase();
  const found = SINKS.find((sink) => sink.extensions.some((extension) => lower.endsWith(extension)));
  if (found !== undefined) return found;
  throw new PoolTrackerError('USAGE', `${path}: the ending of the name chooses no output format`, {
    hint: `end it in one of ${SINKS.flatMap((sink) => sink.extensions).join(', ')}, or say --format`,
  });
}
