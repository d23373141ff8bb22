import type { SinkOptions } from '../sink/open-sink.js';
import type { OptionSpec, OptionValues } from './command.js';
import { parseChoice } from './options/command.js';

/** The options of every command that writes records. */
export const SINK_OPTION_SPECS: Readonly<Record<string, OptionSpec>> = {
  force: { type: 'boolean', help: 'replace output files that exist' },
  'parquet-writer': { type: 'string', value: 'NAME', help: 'parquet-wasm (default) or parquetjs-lite' },
  bigint: { type: 'string', value: 'FORM', help: 'NDJSON: 64-bit integers as number (default, exact) or string' },
};

export function sinkOptions(options: OptionValues): SinkOptions {
  const parquetWriter = parseChoice('parquet-writer', options.text('parquet-writer'), ['parquet-wasm', 'parquetjs-lite'] as const);
  const bigint = parseChoice('bigint', options.text('bigint'), ['number', 'string'] as const);
  return {
    force: options.flag('force'),
    ...(parquetWriter === undefined ? {} : { parquetWriter }),
    ...(bigint === undefined ? {} : { bigint }),
  };
}
