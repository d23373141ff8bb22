import { PoolTrackerError } from '../../errors.js';
import { parseQueue, type QueueAddress } from '../../dataset/queue/queue.js';
import type { OptionSpec, OptionValues } from './command.js';

export const QUEUE_OPTION_SPECS: Readonly<Record<string, OptionSpec>> = {
  queue: {
    type: 'string',
    value: 'URL',
    help: 'redis://HOST:PORT/DB, rediss:// over TLS, with ?name=NAME for one of several queues; POOL_TRACKER_QUEUE says it, too',
  },
};

/** @throws PoolTrackerError USAGE */
export function queueAddress(options: OptionValues): QueueAddress {
  const text = options.text('queue') ?? process.env.POOL_TRACKER_QUEUE;
  if (text === undefined)
    throw new PoolTrackerError('USAGE', '--queue is missing', { hint: 'try --queue redis://localhost:6379' });
  return parseQueue(text);
}
