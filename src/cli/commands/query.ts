import { stat } from 'node:fs/promises';
import { type Answer, DatasetQuery } from '../../dataset/query/query.js';
import { type Command, type OptionValues, usageError } from '../options/command.js';
import { writeRows } from '../../sink/open-sink.js';
import { ANSWER_OPTION_SPECS, AnswerOutput } from '../options/output.js';

const SEE_HELP = 'see pool-tracker query --help';

/** What the words of a command line ask. */
interface Asked {
  readonly sources: readonly string[];
  ask(query: DatasetQuery): Promise<Answer>;
}

/** With a view the words after the first are its values; else the last is SQL, and all before it name records. */
async function askedBy(words: readonly string[], view: string | undefined): Promise<Asked> {
  if (view !== undefined) return { sources: words.slice(0, 1), ask: (query) => query.askView(view, words.slice(1)) };
  if (words.length < 2) throw usageError('SQL or --view NAME is missing', SEE_HELP);
  const sources = words.slice(0, -1);
  for (const word of sources.slice(1))
    if ((await stat(word).catch(() => null)) === null)
      throw usageError(
        `expected datasets or files of records and one SQL statement, found '${word}', which is no file`,
        'a statement is one word: put it in quotes',
      );
  return { sources, ask: (query) => query.ask(words.at(-1)!) };
}

/** `other=lake2` → { other: 'lake2' } */
function attached(options: OptionValues): Record<string, string> {
  const found: Record<string, string> = {};
  for (const text of options.texts('attach')) {
    const at = text.indexOf('=');
    const [name, source] = [text.slice(0, at), text.slice(at + 1)];
    if (at <= 0 || source === '') throw usageError(`--attach: expected NAME=DATASET, found '${text}'`, SEE_HELP);
    if (Object.hasOwn(found, name)) throw usageError(`--attach: the name '${name}' is given twice`, SEE_HELP);
    found[name] = source;
  }
  return found;
}

export const queryCommand: Command = {
  arguments: [
    {
      name: 'DATASET',
      help: 'a directory that batch or compact has written, or files of records (.parquet .ndjson ...)',
    },
    {
      name: 'SQL|VALUE',
      optional: true,
      multiple: true,
      help: 'one statement that selects; with --view the parameters of the view, in order or as name=value',
    },
  ],
  usage: 'DATASET|FILE... SQL|--view NAME [VALUE...] [options]',
  options: {
    view: {
      value: 'NAME',
      help: 'a view or question: pool_tags, images, top_tags, leaks, compare, fleet_outliers, boots, ...',
    },
    attach: {
      value: 'NAME=DATASET',
      multiple: true,
      help: 'one more dataset or file, with the same views under its name: NAME.pool_tags',
    },
    unsafe: {
      help: 'any statements, not only selections: read and write any file, load extensions, use the network',
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
    ['pool-tracker query tags.parquet "FROM pool_tags ORDER BY bytes DESC LIMIT 5"', 'records that scan has written'],
    ['pool-tracker query lake --attach old=lake-2023 "FROM old.leaks(\'web01\')"', 'another dataset, by a name'],
  ],
  async run(words, options) {
    const { sources, ask } = await askedBy(words, options.text('view'));
    const attach = attached(options);
    const output = AnswerOutput.parse(options);
    const query = await DatasetQuery.open(sources, { attach, unsafe: options.flag('unsafe') });
    try {
      const { recordType, rows } = await ask(query);
      await writeRows(recordType, rows, await output.open(recordType));
    } finally {
      await query.close();
    }
    return 0;
  },
};
