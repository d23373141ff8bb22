import { availableParallelism } from 'node:os';
import { Batch } from '../../dataset/batch.js';
import { JsonDisplay, TextDisplay, type BatchDisplay } from '../display/batch-display.js';
import type { Command } from '../options/command.js';
import { DATASET_OPTION_SPECS, ingestOptions, labelRules, listed } from '../options/dataset-options.js';
import { parseChoice, parseCount, requireWords } from '../options/command.js';

/** An image that is carved reads all of itself, maybe over a network. */
const DEFAULT_TIMEOUT_S = 1800;

/**
 * The first interrupt lets what is in flight finish, the second ends the process at once; the staging folder goes with
 * it, and what was published is whole.
 */
function takeInterrupts(batch: Batch, display: BatchDisplay): () => boolean {
  let interrupted = false;
  process.removeAllListeners('SIGINT');
  process.on('SIGINT', () => {
    if (interrupted) process.exit(130);
    interrupted = true;
    batch.stop();
    display.note(
      `interrupted: finishing what is in flight, ${batch.left} images are left; the same command goes on with them; interrupt again to stop at once`,
    );
  });
  return () => interrupted;
}

export const batchCommand: Command = {
  name: 'batch',
  usage: 'SOURCE... --out DATASET [options]',
  summary: 'scan many memory images into a dataset of partitioned files',
  options: {
    ...DATASET_OPTION_SPECS,
    resume: { type: 'boolean', help: 'skip images that are done and have not changed; this is the default' },
    jobs: {
      type: 'string',
      short: 'j',
      value: 'N',
      help: 'images at once; as many as there are cores unless told otherwise',
    },
    timeout: {
      type: 'string',
      value: 'SECONDS',
      help: `give an image up after this long; ${DEFAULT_TIMEOUT_S} unless told otherwise`,
    },
    'keep-going': { type: 'boolean', help: 'go on when images fail, and exit with 1 at the end; this is the default' },
    'fail-fast': { type: 'boolean', help: 'begin no more images when one has failed' },
    log: {
      type: 'string',
      value: 'FORM',
      help: 'on standard error: text (default) or json, one object a line for each image',
    },
    quiet: { type: 'boolean', short: 'q', help: 'say nothing but errors' },
  },
  examples: [
    ['pool-tracker batch dumps/ --out lake', 'every image in a directory'],
    [
      "pool-tracker batch dumps/ --out lake --label-from '/(?<host>[^/]+)/[^/]+$'",
      'the directory of each image is its host',
    ],
    ['find /dumps -name "*.dmp" | pool-tracker batch - --out s3://bucket/lake --jobs 8', 'a list, into a bucket'],
    ['pool-tracker batch @list.txt --out /shared/lake --shard 0/4', 'the first of four machines'],
  ],
  async run(words, options) {
    requireWords(words, 'SOURCE');
    const failFast = options.flag('fail-fast') && !options.flag('keep-going');
    const jobs = parseCount('jobs', options.text('jobs')) ?? availableParallelism();
    const timeoutMs = (parseCount('timeout', options.text('timeout')) ?? DEFAULT_TIMEOUT_S) * 1000;
    const display =
      parseChoice('log', options.text('log'), ['text', 'json']) === 'json'
        ? new JsonDisplay()
        : new TextDisplay(options.flag('quiet'));
    const ingest = ingestOptions(options);
    const labels = await labelRules(options);
    const batch = new Batch(
      await listed(words, options),
      { ...ingest, labels, jobs, timeoutMs, failFast, redo: options.flag('force') },
      display,
    );
    const wasInterrupted = takeInterrupts(batch, display);
    const summary = await batch.run().catch((error: unknown) => {
      display.abandon();
      throw error;
    });
    display.end(summary);
    if (batch.stuck > 0) {
      display.note(`${batch.stuck} threads hang in the system and cannot be ended: ending the process by force`);
      process.kill(process.pid, 'SIGKILL');
    }
    return wasInterrupted() ? 130 : summary.counts.failed > 0 ? 1 : 0;
  },
};
