import { parseQueue, type QueueAddress } from '../../dataset/queue/queue.js';
import { type OptionSpecs, type OptionValues, usageError } from './command.js';

export const QUEUE_OPTION_SPECS: OptionSpecs = {
  queue: {
    value: 'URL',
    env: 'POOL_TRACKER_QUEUE',
    help: 'redis://HOST:PORT/DB, rediss:// over TLS, with ?name=NAME for one of several queues',
  },
};

/** @throws PoolTrackerError USAGE */
export function queueAddress(options: OptionValues): QueueAddress {
  const text = options.text('queue');
  if (text === undefined) throw usageError('--queue is missing', 'try --queue redis://localhost:6379');
  return parseQueue(text);
}
