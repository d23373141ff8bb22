import { DatasetQuery, type Answer } from '../../dataset/query/query.js';
import { type Command, usageError } from '../options/command.js';
import { ANSWER_OPTION_SPECS, AnswerOutput, writeRows } from '../options/output.js';

const SEE_HELP = 'see pool-tracker query --help';

function ask(query: DatasetQuery, words: readonly string[], view: string | undefined): Promise<Answer> {
  return view === undefined ? query.ask(words[0]!) : query.askView(view, words);
}

export const queryCommand: Command = {
  arguments: [
    { name: 'DATASET', help: 'a directory that batch or compact has written' },
    {
      name: 'SQL|VALUE',
      optional: true,
      multiple: true,
      help: 'one statement that selects; with --view the parameters of the view, in order or as name=value',
    },
  ],
  usage: 'DATASET (SQL | --view NAME [VALUE...]) [options]',
  options: {
    view: {
      value: 'NAME',
      help: 'a view or question: pool_tags, images, top_tags, leaks, compare, fleet_outliers, boots, ...',
    },
    ...ANSWER_OPTION_SPECS,
  },
  examples: [
    [
      'pool-tracker query lake "SELECT host, max(bytes) FROM pool_tags GROUP BY host"',
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
    if (view === undefined && rest.length === 0) throw usageError('SQL or --view NAME is missing', SEE_HELP);
    if (view === undefined && rest.length > 1)
      throw usageError(`expected one SQL statement, found '${rest[1]!}' as well`, SEE_HELP);
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
