/**
 * Scans with progress on standard error, until Ctrl-C ends it: nothing is left of the output then.
 * Usage: npx tsx samples/library/scan-or-stop.ts IMAGE OUTPUT
 */
import { PoolTrackerError, scanImage } from 'pool-tracker';

const [image, output] = process.argv.slice(2);
if (image === undefined || output === undefined) throw new Error('name an image and an output');

const controller = new AbortController();
process.once('SIGINT', () => controller.abort(new Error('stopped')));
try {
  const { tags, image: about } = await scanImage(image, {
    outputs: [output],
    signal: controller.signal,
    onProgress: ({ done, total }) => process.stderr.write(`\r${done} of ${total ?? '?'} bytes`),
  });
  console.log(
    `${tags.length} tags of Windows ${about.windows_version ?? '?'}, ${about.tags_incomplete ?? 0} not complete`,
  );
} catch (error) {
  process.exitCode = 1;
  // `code` is stable, and `hint` says what to try.
  if (error instanceof PoolTrackerError) console.error(error.code, error.message, error.hint ?? '');
  else if (controller.signal.aborted) console.error('stopped');
  else throw error;
}
