import { submitImages } from '../../../dataset/queue/queue.js';
import { say } from '../../display/say.js';
import type { Command } from '../../options/command.js';
import { QUIET_OPTION_SPECS } from '../../options/common-options.js';
import {
  DATASET_OPTION_SPECS,
  ingestOptions,
  labelRules,
  listed,
  SOURCES,
  timeoutMs,
} from '../../options/dataset-options.js';
import { QUEUE_OPTION_SPECS, queueAddress } from '../../options/queue-options.js';

const DEFAULTS = { tries: 4, backoffS: 5 };

export const submitCommand: Command = {
  arguments: [SOURCES],
  usage: 'SOURCE... --queue URL --out DATASET [options]',
  options: {
    ...QUEUE_OPTION_SPECS,
    ...DATASET_OPTION_SPECS,
    tries: {
      value: 'N',
      default: DEFAULTS.tries,
      help: 'how often an image is tried when the fault may not be its own',
    },
    backoff: {
      value: 'SECONDS',
      default: DEFAULTS.backoffS,
      help: 'before the second try, doubled for each after it',
    },
    ...QUIET_OPTION_SPECS,
  },
  examples: [
    ['pool-tracker submit s3://dumps/ --queue redis://queue --out s3://lake/pool', 'every image below a prefix'],
  ],
  async run(words, options) {
    const address = queueAddress(options);
    const { submitted, doneBefore } = await submitImages(await listed(words, options), address, {
      ...ingestOptions(options),
      labels: await labelRules(options),
      timeoutMs: timeoutMs(options),
      attempts: options.count('tries') ?? DEFAULTS.tries,
      backoffMs: (options.count('backoff') ?? DEFAULTS.backoffS) * 1000,
      redo: options.flag('force'),
    });
    if (!options.flag('quiet')) say(`${submitted} images submitted, ${doneBefore} done before`);
    return 0;
  },
};
