import { submitImages } from '../../dataset/queue/submit.js';
import type { Command } from '../options/command.js';
import { DATASET_OPTION_SPECS, ingestOptions, labelRules, listed } from '../options/dataset-options.js';
import { parseCount, requireWords } from '../options/command.js';
import { QUEUE_OPTION_SPECS, queueAddress } from '../options/queue-options.js';
import { say } from '../display/say.js';

const DEFAULTS = { timeoutS: 1800, tries: 4, backoffS: 5 };

export const submitCommand: Command = {
  name: 'submit',
  usage: 'SOURCE... --queue URL --out DATASET [options]',
  summary: 'put one job for each memory image into a queue that workers on any machine take from',
  options: {
    ...QUEUE_OPTION_SPECS,
    ...DATASET_OPTION_SPECS,
    timeout: {
      type: 'string',
      value: 'SECONDS',
      help: `give an image up after this long; ${DEFAULTS.timeoutS} unless told otherwise`,
    },
    tries: {
      type: 'string',
      value: 'N',
      help: `how often an image is tried when the fault may not be its own; ${DEFAULTS.tries} unless told otherwise`,
    },
    backoff: {
      type: 'string',
      value: 'SECONDS',
      help: `before the second try, doubled for each after it; ${DEFAULTS.backoffS} unless told otherwise`,
    },
    quiet: { type: 'boolean', short: 'q', help: 'say nothing but errors' },
  },
  examples: [
    [
      'pool-tracker submit s3://dumps/2024/ --queue redis://queue:6379 --out s3://lake/pool',
      'every image below a prefix',
    ],
  ],
  async run(words, options) {
    requireWords(words, 'SOURCE');
    const address = queueAddress(options);
    const { submitted, doneBefore } = await submitImages(await listed(words, options), address, {
      ...ingestOptions(options),
      labels: await labelRules(options),
      timeoutMs: (parseCount('timeout', options.text('timeout')) ?? DEFAULTS.timeoutS) * 1000,
      attempts: parseCount('tries', options.text('tries')) ?? DEFAULTS.tries,
      backoffMs: (parseCount('backoff', options.text('backoff')) ?? DEFAULTS.backoffS) * 1000,
      redo: options.flag('force'),
    });
    if (!options.flag('quiet')) say(`${submitted} images submitted, ${doneBefore} done before`);
    return 0;
  },
};
