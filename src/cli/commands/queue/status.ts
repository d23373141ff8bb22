import { queueStatus, type QueueStatus } from '../../../dataset/queue/queue.js';
import { printableLines } from '../../../printable.js';
import type { Command } from '../../options/command.js';
import { QUEUE_OPTION_SPECS, queueAddress } from '../../options/queue-options.js';

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
  arguments: [],
  usage: '--queue URL [options]',
  options: {
    ...QUEUE_OPTION_SPECS,
    json: { help: 'as one JSON object' },
    failures: { value: 'N', default: LISTED_FAILURES, help: 'failures to list' },
  },
  examples: [['pool-tracker status --queue redis://queue:6379', 'how far the work is']],
  async run(_words, options) {
    const status = await queueStatus(queueAddress(options), options.count('failures') ?? LISTED_FAILURES);
    process.stdout.write(options.flag('json') ? `${JSON.stringify(status)}\n` : printableLines(textOf(status)));
    return 0;
  },
};
