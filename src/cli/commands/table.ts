import { TABLE_FORMATS } from '../../dataset/store/dataset-settings.js';
import { rebuildTables, tableSummaries, vacuumTables } from '../../dataset/table/table.js';
import { say } from '../display/say.js';
import { type Command, type OptionValues, usageError } from '../options/command.js';
import { QUIET_OPTION_SPECS } from '../options/common-options.js';

const DAY_MS = 24 * 3600 * 1000;
const DEFAULT_DAYS = 7;

/** What can be done to a dataset's tables. */
const ACTIONS: Readonly<Record<string, (dataset: string, options: OptionValues) => Promise<string>>> = {
  show: async (dataset, options) => {
    const states = await tableSummaries(dataset);
    if (states.length === 0) say(`${dataset} has no tables; pool-tracker table rebuild makes them`);
    if (options.flag('json')) return states.map((state) => JSON.stringify(state)).join('\n');
    return states
      .map(
        ({ record, form, version, files, bytes, rows, removed }) =>
          `${record} (${form}): version ${version}, ${files} files of ${bytes} bytes, ${rows === null ? 'rows not known' : `${rows} rows`}${removed === 0 ? '' : `, ${removed} files of earlier versions`}`,
      )
      .join('\n');
  },
  rebuild: async (dataset, options) => {
    await rebuildTables(dataset, options.choice('table', TABLE_FORMATS));
    return '';
  },
  vacuum: async (dataset, options) => {
    const { files, logFiles } = await vacuumTables(dataset, (options.count('older-than', 0) ?? DEFAULT_DAYS) * DAY_MS);
    if (!options.flag('quiet')) say(`${files} files of earlier versions and ${logFiles} files of the log removed`);
    return '';
  },
};

export const tableCommand: Command = {
  arguments: [
    { name: 'ACTION', help: `one of ${Object.keys(ACTIONS).join(', ')}` },
    { name: 'DATASET', help: 'a directory or s3://BUCKET/PREFIX' },
  ],
  options: {
    table: { value: 'KIND', choices: TABLE_FORMATS, help: 'rebuild: the kind of log from now on; none removes it' },
    'older-than': {
      value: 'DAYS',
      default: DEFAULT_DAYS,
      help: 'vacuum: what was replaced this long ago; earlier versions are readable no more',
    },
    json: { help: 'show: one line of JSON for each table' },
    ...QUIET_OPTION_SPECS,
  },
  examples: [
    ['pool-tracker table show lake', 'each table, its version, files and rows'],
    ['pool-tracker table rebuild lake', 'for a dataset older than its tables, or whose log is damaged'],
    ['pool-tracker table vacuum lake --older-than 30', 'keep a month of earlier versions'],
  ],
  async run([word, dataset], options) {
    const action = Object.hasOwn(ACTIONS, word!) ? ACTIONS[word!] : undefined;
    if (action === undefined) throw usageError(`expected one of ${Object.keys(ACTIONS).join(', ')}, found '${word!}'`);
    const text = await action(dataset!, options);
    if (text !== '') process.stdout.write(`${text}\n`);
    return 0;
  },
};
