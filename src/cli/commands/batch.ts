import { availableParallelism } from 'node:os';
import { Batch } from '../../dataset/batch.js';
import { ListedImages } from '../../dataset/images/image-feed.js';
import { requireDrivers } from '../../scan/driver-candidates.js';
import { type BatchDisplay, JsonDisplay, TextDisplay } from '../display/batch-display.js';
import { endBy } from '../ending.js';
import { type Command, usageError } from '../options/command.js';
import { JOB_OPTION_SPECS, LOG_FORMS, QUIET_OPTION_SPECS } from '../options/common-options.js';
import {
  arriving,
  DATASET_OPTION_SPECS,
  DEFAULT_SETTLE_S,
  ingestOptions,
  labelRules,
  listed,
  SOURCES,
  timeoutMs,
} from '../options/dataset-options.js';

/**
 * The first interrupt lets running work finish, the second ends the process at once; the staging folder is removed, and
 * published data are complete.
 */
function takeInterrupts(batch: Batch, display: BatchDisplay, watched: boolean): () => boolean {
  let interrupted = false;
  for (const signal of watched ? (['SIGINT', 'SIGTERM'] as const) : (['SIGINT'] as const)) {
    process.removeAllListeners(signal);
    process.on(signal, () => {
      if (interrupted) return endBy(signal);
      interrupted = true;
      const { left } = batch;
      batch.stop();
      display.note(
        `interrupted: finishing what is in flight, ${left} images are left; the same command goes on with them; interrupt again to stop at once`,
      );
    });
  }
  return () => interrupted;
}

export const batchCommand: Command = {
  arguments: [SOURCES],
  usage: 'SOURCE... --out DATASET [options]',
  options: {
    ...DATASET_OPTION_SPECS,
    resume: { help: 'skip images that are done and have not changed; this is the default' },
    'keep-going': { help: 'go on when images fail, and exit with 1 at the end; this is the default' },
    watch: { help: 'the sources are folders: bring in what comes into them as well, until a signal ends it' },
    settle: {
      value: 'SECONDS',
      default: DEFAULT_SETTLE_S,
      help: '--watch: a file has come when it has not grown for this long',
    },
    'fail-fast': { help: 'begin no more images when one has failed' },
    ...JOB_OPTION_SPECS,
    ...QUIET_OPTION_SPECS,
  },
  examples: [
    ['pool-tracker batch dumps/ --out lake', 'every image in a directory'],
    [
      "pool-tracker batch dumps/ --out lake --label-from '/(?<host>[^/]+)/[^/]+$'",
      'the directory of each image is its host',
    ],
    ['find /dumps -name "*.dmp" | pool-tracker batch - --out s3://bucket/lake -j 8', 'a list, into a bucket'],
    [
      'pool-tracker batch dumps/ --out lake --drivers /mnt/DriverStore',
      'with the drivers that tags on no list may belong to',
    ],
    [
      'pool-tracker batch --watch /srv/dumps --out lake --log json',
      'whatever comes into a folder, one line of JSON a capture',
    ],
    ['pool-tracker batch @list.txt --out /shared/lake --shard 0/4', 'the first of four machines'],
  ],
  async run(words, options) {
    const failFast = options.flag('fail-fast') && !options.flag('keep-going');
    const jobs = options.count('jobs') ?? availableParallelism();
    const display =
      options.choice('log', LOG_FORMS) === 'json' ? new JsonDisplay() : new TextDisplay(options.flag('quiet'));
    const ingest = ingestOptions(options);
    if (ingest.drivers !== undefined) await requireDrivers(ingest.drivers);
    const labels = await labelRules(options);
    const watched = options.flag('watch');
    if (!watched && options.text('settle') !== undefined) throw usageError('--settle is of --watch', 'add --watch');
    const images = watched ? await arriving(words, options) : new ListedImages(await listed(words, options));
    const batch = new Batch(
      images,
      { ...ingest, labels, jobs, timeoutMs: timeoutMs(options), failFast, redo: options.flag('force') },
      display,
    );
    const wasInterrupted = takeInterrupts(batch, display, watched);
    const summary = await batch.run().catch((error: unknown) => {
      display.abandon();
      throw error;
    });
    display.end(summary);
    if (batch.stuck > 0) {
      display.note(`${batch.stuck} threads hang in the system and cannot be ended: ending the process by force`);
      process.kill(process.pid, 'SIGKILL');
    }
    // A signal is how watching ends.
    if (watched) return 0;
    return wasInterrupted() ? 130 : summary.counts.failed > 0 ? 1 : 0;
  },
};
