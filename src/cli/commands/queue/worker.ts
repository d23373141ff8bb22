import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { queueStatus, QueueWorker } from '../../../dataset/queue/queue.js';
import { JsonDisplay, TextDisplay } from '../../display/batch-display.js';
import { endBy } from '../../ending.js';
import { type Command, usageError } from '../../options/command.js';
import { JOB_OPTION_SPECS, LOG_FORMS, PLUGIN_OPTION_SPECS } from '../../options/common-options.js';
import { QUEUE_OPTION_SPECS, queueAddress } from '../../options/queue-options.js';

const DEFAULT_STALLED_S = 30;
const DEFAULT_STALLS = 5;
const POLL_MS = 1000;

export const workerCommand: Command = {
  arguments: [],
  usage: '--queue URL --out DATASET --allow PREFIX [options]',
  options: {
    ...QUEUE_OPTION_SPECS,
    out: {
      value: 'DATASET',
      multiple: true,
      help: 'a dataset that jobs may write to, as submit names it; others are refused',
    },
    allow: {
      value: 'PREFIX',
      multiple: true,
      help: 'a directory, or the beginning of a URL, in which images and symbols may lie; others are refused',
    },
    'allow-redirects': {
      help: 'do jobs that were submitted with --allow-redirects: a server may then send on to any host',
    },
    ...JOB_OPTION_SPECS,
    'stalled-after': {
      value: 'SECONDS',
      default: DEFAULT_STALLED_S,
      help: 'a job whose worker is silent this long goes to another',
    },
    stalls: {
      value: 'N',
      default: DEFAULT_STALLS,
      help: 'how often that may happen before the image is recorded as failed',
    },
    'until-empty': { help: 'end when no job is left' },
    ...PLUGIN_OPTION_SPECS,
  },
  examples: [
    [
      'pool-tracker worker --queue redis://queue --out /lake --allow /dumps',
      'until SIGTERM, which lets what is in flight finish',
    ],
    ['pool-tracker worker --queue rediss://queue --out /lake --allow s3://dumps/', 'over TLS, with images in a bucket'],
  ],
  async run(_words, options) {
    const address = queueAddress(options);
    const limits = {
      outs: options.texts('out'),
      allowed: options.texts('allow'),
      redirects: options.flag('allow-redirects'),
    };
    for (const [name, given] of [
      ['out', limits.outs],
      ['allow', limits.allowed],
    ] as const)
      if (given.length === 0)
        throw usageError(
          `--${name} is missing: whoever can write to the queue would decide what this worker ${name === 'out' ? 'writes' : 'reads'}`,
          'name it as submit does: --out DATASET, --allow DIRECTORY or URL',
        );
    const stalledS = options.count('stalled-after') ?? DEFAULT_STALLED_S;
    const display = options.choice('log', LOG_FORMS) === 'json' ? new JsonDisplay() : new TextDisplay(true, false);
    const worker = await QueueWorker.start(
      address,
      {
        jobs: options.count('jobs') ?? availableParallelism(),
        stalledMs: stalledS * 1000,
        stalls: options.count('stalls') ?? DEFAULT_STALLS,
        limits,
      },
      display,
    );
    const stop = new AbortController();
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.removeAllListeners(signal);
      process.on(signal, () => {
        if (stop.signal.aborted) return endBy(signal);
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

/** False where Redis does not answer: there may be jobs left. */
async function isEmpty(address: ReturnType<typeof queueAddress>): Promise<boolean> {
  const status = await queueStatus(address, 1).catch(() => null);
  return status !== null && status.waiting + status.active + status.delayed === 0;
}
