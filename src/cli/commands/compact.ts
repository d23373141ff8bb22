import { compact } from '../../dataset/compact/compact.js';
import { say } from '../display/say.js';
import { type Command, usageError } from '../options/command.js';
import { QUIET_OPTION_SPECS } from '../options/common-options.js';

const DEFAULT_TARGET_MIB = 256;
const DEFAULT_GRACE_S = 60;

export const compactCommand: Command = {
  arguments: [{ name: 'DATASET', help: 'a directory or s3://BUCKET/PREFIX' }],
  options: {
    'target-size': {
      value: 'MIB',
      default: DEFAULT_TARGET_MIB,
      help: 'files of at most about this size',
    },
    grace: {
      value: 'SECONDS',
      default: DEFAULT_GRACE_S,
      help: 'keep the old files this long beside the new ones, for readers that have listed them',
    },
    'keep-old': {
      help: 'keep the old files for readers of earlier versions of the tables, until table vacuum removes them',
    },
    partition: {
      value: 'KEYS',
      help: "leave out folders: only these of the dataset's keys stay; none for no key at all",
    },
    ...QUIET_OPTION_SPECS,
  },
  examples: [
    ['pool-tracker compact lake', 'one file for each partition and kind of record'],
    ['pool-tracker compact lake --partition date', 'all hosts of a day in one file; the column host stays'],
  ],
  async run(words, options) {
    const keys = options.text('partition');
    if (keys === '') throw usageError('--partition: no key is named', 'write none to keep no key');
    const { filesBefore, filesAfter, rows } = await compact(words[0]!, {
      targetBytes: (options.count('target-size') ?? DEFAULT_TARGET_MIB) * 2 ** 20,
      graceMs: options.flag('keep-old') ? 0 : (options.count('grace', 0) ?? DEFAULT_GRACE_S) * 1000,
      keepOld: options.flag('keep-old'),
      ...(keys === undefined ? {} : { partition: keys === 'none' ? [] : keys.split(',').map((key) => key.trim()) }),
    });
    if (!options.flag('quiet'))
      say(filesBefore === 0 ? 'nothing to merge' : `${filesBefore} files merged into ${filesAfter}, ${rows} records`);
    return 0;
  },
};
