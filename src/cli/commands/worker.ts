import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { queueStatus } from '../../dataset/queue/queue.js';
import { QueueWorker } from '../../dataset/queue/queue-worker.js';
import { JsonDisplay, TextDisplay } from '../display/batch-display.js';
import type { Command } from '../options/command.js';
import { parseChoice, parseCount, requireNoWords } from '../options/command.js';
import { QUEUE_OPTION_SPECS, queueAddress } from '../options/queue-options.js';

const DEFAULT_STALLED_S = 30;
const MAX_STALLS = 5;
const POLL_MS = 1000;

export const workerCommand: Command = {
  name: 'worker',
  usage: '--queue URL [options]',
  summary: 'take images from a queue and bring them into the dataset they were submitted for',
  options: {
    ...QUEUE_OPTION_SPECS,
    jobs: {
      type: 'string',
      short: 'j',
      value: 'N',
      help: 'images at once; as many as there are cores unless told otherwise',
    },
    'stalled-after': {
      type: 'string',
      value: 'SECONDS',
      help: `a job whose worker is silent this long goes to another; ${DEFAULT_STALLED_S} unless told otherwise`,
    },
    stalls: {
      type: 'string',
      value: 'N',
      help: `how often that may happen before the image is recorded as failed; ${MAX_STALLS} unless told otherwise`,
    },
    'until-empty': { type: 'boolean', help: 'end when no job is left' },
    log: {
      type: 'string',
      value: 'FORM',
      help: 'on standard error: text (default) or json, one object a line for each image',
    },
  },
  examples: [
    ['pool-tracker worker --queue redis://queue:6379', 'until SIGTERM, which lets what is in flight finish'],
    ['pool-tracker worker --queue redis://queue:6379 --until-empty --log json', 'as a job of a scheduler'],
  ],
  async run(words, options) {
    requireNoWords(words);
    const address = queueAddress(options);
    const stalledS = parseCount('stalled-after', options.text('stalled-after')) ?? DEFAULT_STALLED_S;
    const display =
      parseChoice('log', options.text('log'), ['text', 'json']) === 'json'
        ? new JsonDisplay()
        : new TextDisplay(true, false);
    const worker = await QueueWorker.start(
      address,
      {
        jobs: parseCount('jobs', options.text('jobs')) ?? availableParallelism(),
        stalledMs: stalledS * 1000,
        stalls: parseCount('stalls', options.text('stalls')) ?? MAX_STALLS,
      },
      display,
    );
    const stop = new AbortController();
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.removeAllListeners(signal);
      process.on(signal, () => {
        if (stop.signal.aborted) process.exit(130);
        display.note('stopping: finishing what is in flight; once more to stop at once');
        stop.abort();
      });
    }
    while (!stop.signal.aborted) {
      await delay(POLL_MS, undefined, { signal: stop.signal }).catch(() => undefined);
      if (options.flag('until-empty') && (await isEmpty(address))) stop.abort();
    }
    await worker.close();
    return 0;
  },
};

/** Where Redis does not answer, there may be jobs left. */
async function isEmpty(address: ReturnType<typeof queueAddress>): Promise<boolean> {
  const status = await queueStatus(address, 1).catch(() => null);
  return status !== null && status.waiting + status.active + status.delayed === 0;
}
