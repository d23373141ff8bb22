import { JSON_ARRAY } from '../dataset/json-array.js';
import { DatasetQuery, type Answer } from '../dataset/query.js';
import { PoolTrackerError } from '../errors.js';
import { openSink } from '../sink/open-sink.js';
import type { SinkFormat } from '../sink/sink.js';
import { sinkForPath, sinkNamed } from '../sink/sinks.js';
import type { Command, OptionValues } from './command.js';
import { requireWords } from './option-values.js';
import { SINK_OPTION_SPECS, sinkOptions } from './sink-options.js';
import { writeRows } from './write-records.js';

function formatNamed(name: string): SinkFormat {
  return name === JSON_ARRAY.name ? JSON_ARRAY : sinkNamed(name);
}

function formatFor(output: string | undefined, options: OptionValues): SinkFormat {
  const named = options.flag('json') ? 'json' : options.text('format');
  if (named !== undefined) return formatNamed(named);
  if (output === undefined) return sinkNamed('table');
  return output.toLowerCase().endsWith('.json') ? JSON_ARRAY : sinkForPath(output);
}

function ask(query: DatasetQuery, words: readonly string[], view: string | undefined): Promise<Answer> {
  if (view !== undefined) return query.askView(view, words);
  requireWords(words, 'SQL or --view NAME', 1);
  return query.ask(words[0]!);
}

export const queryCommand: Command = {
  name: 'query',
  usage: 'DATASET (SQL | --view NAME [VALUE...]) [options]',
  summary: 'ask a dataset in SQL (DuckDB), or one of the questions of schemas/duckdb.sql',
  options: {
    view: { type: 'string', value: 'NAME', help: 'a view or question: pool_tags, images, top_tags, leaks, compare, fleet_outliers, boots, ...; VALUEs are its parameters, in order or as name=value' },
    output: { type: 'string', short: 'o', value: 'FILE', help: 'write to FILE (.parquet .csv .json .ndjson .arrow ...), or - for standard output' },
    format: { type: 'string', value: 'FORMAT', help: 'table (default), csv, json, ndjson, parquet, arrow, ...' },
    json: { type: 'boolean', help: 'the same as --format json' },
    ...SINK_OPTION_SPECS,
  },
  examples: [
    ['pool-tracker query lake "SELECT host, max(bytes) FROM pool_tags WHERE tag = \'Proc\' GROUP BY host"', 'any selection; only the dataset can be read, nothing is written'],
    ['pool-tracker query lake --view leaks web01', 'tags that grow without end on one host'],
    ['pool-tracker query lake --view fleet_outliers min_score=5 --format csv', 'hosts unlike the others, less strictly'],
  ],
  async run(words, options) {
    requireWords(words, 'DATASET');
    const output = options.text('output');
    const file = output === '-' ? undefined : output;
    if (file === '') throw new PoolTrackerError('USAGE', '-o: no file is named', { hint: '-o FILE, or - for standard output' });
    const format = formatFor(file, options);
    const query = await DatasetQuery.open(words[0]!);
    try {
      const { recordType, rows } = await ask(query, words.slice(1), options.text('view'));
      const sink = await openSink({ recordType, format, target: file ?? process.stdout }, sinkOptions(options));
      await writeRows(recordType, rows, sink);
    } finally {
      await query.close();
    }
    return 0;
  },
};
