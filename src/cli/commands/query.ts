import { DatasetQuery, type Answer } from '../../dataset/query/query.js';
import { ANSWER_OPTION_SPECS, AnswerOutput } from '../options/output.js';
import type { Command } from '../options/command.js';
import { requireWords } from '../options/command.js';
import { writeRows } from '../options/output.js';

function ask(query: DatasetQuery, words: readonly string[], view: string | undefined): Promise<Answer> {
  return view === undefined ? query.ask(words[0]!) : query.askView(view, words);
}

export const queryCommand: Command = {
  name: 'query',
  usage: 'DATASET (SQL | --view NAME [VALUE...]) [options]',
  summary: 'ask a dataset in SQL (DuckDB), or one of the questions of schemas/duckdb.sql',
  options: {
    view: {
      type: 'string',
      value: 'NAME',
      help: 'a view or question: pool_tags, images, top_tags, leaks, compare, fleet_outliers, boots, ...; VALUEs are its parameters, in order or as name=value',
    },
    ...ANSWER_OPTION_SPECS,
  },
  examples: [
    [
      'pool-tracker query lake "SELECT host, max(bytes) FROM pool_tags WHERE tag = \'Proc\' GROUP BY host"',
      'any selection; only the dataset can be read, nothing is written',
    ],
    ['pool-tracker query lake --view leaks web01', 'tags that grow without end on one host'],
    [
      'pool-tracker query lake --view fleet_outliers min_score=5 --format csv',
      'hosts unlike the others, less strictly',
    ],
  ],
  async run(words, options) {
    const [dataset, ...rest] = words;
    const view = options.text('view');
    requireWords(words, 'DATASET');
    if (view === undefined) requireWords(rest, 'SQL or --view NAME', 1);
    const output = AnswerOutput.parse(options);
    const query = await DatasetQuery.open(dataset!);
    try {
      const { recordType, rows } = await ask(query, rest, view);
      await writeRows(recordType, rows, await output.open(recordType));
    } finally {
      await query.close();
    }
    return 0;
  },
};
