import { PoolTrackerError } from '../../errors.js';
import { compact } from '../../dataset/compact/compact.js';
import type { Command } from '../options/command.js';
import { parseCount, requireWords } from '../options/command.js';
import { say } from '../display/say.js';

const DEFAULT_TARGET_MIB = 256;
const DEFAULT_GRACE_S = 60;

export const compactCommand: Command = {
  name: 'compact',
  usage: 'DATASET [options]',
  summary: 'merge the many small files of a dataset into few, sorted by tag',
  options: {
    'target-size': {
      type: 'string',
      value: 'MIB',
      help: `files of at most about this size; ${DEFAULT_TARGET_MIB} unless told otherwise`,
    },
    grace: {
      type: 'string',
      value: 'SECONDS',
      help: `keep the old files this long beside the new ones, for readers that have listed them; ${DEFAULT_GRACE_S} unless told otherwise`,
    },
    partition: {
      type: 'string',
      value: 'KEYS',
      help: "leave out folders: only these of the dataset's keys stay; none for no key at all",
    },
    quiet: { type: 'boolean', short: 'q', help: 'say nothing but errors' },
  },
  examples: [
    ['pool-tracker compact lake', 'one file for each partition and kind of record'],
    ['pool-tracker compact lake --partition date', 'all hosts of a day in one file; the column host stays'],
  ],
  async run(words, options) {
    requireWords(words, 'DATASET', 1);
    const keys = options.text('partition');
    if (keys === '')
      throw new PoolTrackerError('USAGE', '--partition: no key is named', { hint: 'write none to keep no key' });
    const { filesBefore, filesAfter, rows } = await compact(words[0]!, {
      targetBytes: (parseCount('target-size', options.text('target-size')) ?? DEFAULT_TARGET_MIB) * 2 ** 20,
      graceMs: (parseCount('grace', options.text('grace'), 0) ?? DEFAULT_GRACE_S) * 1000,
      ...(keys === undefined ? {} : { partition: keys === 'none' ? [] : keys.split(',').map((key) => key.trim()) }),
    });
    if (!options.flag('quiet'))
      say(filesBefore === 0 ? 'nothing to merge' : `${filesBefore} files merged into ${filesAfter}, ${rows} records`);
    return 0;
  },
};
