import { queueStatus, type QueueStatus } from '../../dataset/queue/queue.js';
import type { Command } from '../options/command.js';
import { parseCount, requireNoWords } from '../options/command.js';
import { QUEUE_OPTION_SPECS, queueAddress } from '../options/queue-options.js';

const LISTED_FAILURES = 20;

function textOf(status: QueueStatus): string {
  const { waiting, active, delayed, completed, failed, completed_a_minute: rate, failures } = status;
  const minutes = rate > 0 ? `, about ${Math.ceil((waiting + active + delayed) / rate)} minutes left` : '';
  return [
    `waiting ${waiting}, active ${active}, to be tried again ${delayed}, completed ${completed}, failed ${failed}`,
    `${rate.toFixed(1)} images a minute${minutes}`,
    ...failures.map(({ message, tries }) => `failed after ${tries} tries: ${message}`),
  ]
    .map((line) => `${line}\n`)
    .join('');
}

export const statusCommand: Command = {
  name: 'status',
  usage: '--queue URL [options]',
  summary: 'tell what a queue holds, how fast it is worked off, and what failed',
  options: {
    ...QUEUE_OPTION_SPECS,
    json: { type: 'boolean', help: 'as one JSON object' },
    failures: { type: 'string', value: 'N', help: `failures to list; ${LISTED_FAILURES} unless told otherwise` },
  },
  examples: [['pool-tracker status --queue redis://queue:6379', 'how far the work is']],
  async run(words, options) {
    requireNoWords(words);
    const status = await queueStatus(
      queueAddress(options),
      parseCount('failures', options.text('failures')) ?? LISTED_FAILURES,
    );
    process.stdout.write(options.flag('json') ? `${JSON.stringify(status)}\n` : textOf(status));
    return 0;
  },
};
