#!/usr/bin/env node
import { type ErrorCode, knownError } from '../errors.js';
import { neverAnswered } from '../plugin/calls.js';
import { isClosedPipe } from '../sink/file/output-error.js';
import { discardUnfinishedFiles } from '../sink/file/whole-file.js';
import { COMMANDS } from './commands/commands.js';
import { sayError } from './display/say.js';
import { endBy, type EndingSignal, SIGNAL_STATUS } from './ending.js';
import { tuneV8 } from './tune-v8.js';
import { runCommandLine } from './program.js';

const SIGNAL_STATUSES: readonly number[] = Object.values(SIGNAL_STATUS);

/** What is somebody's fault in code, and not in an input. */
const WITH_STACK: readonly ErrorCode[] = ['INTERNAL', 'PLUGIN_REFUSED', 'PLUGIN_FAILED'];

/** A reader that closes the pipe early (`| head`) ends the program without an error. */
function failed(error: unknown): number {
  discardUnfinishedFiles();
  if (isClosedPipe(error)) return 0;
  const known = knownError(error);
  sayError(known);
  if (WITH_STACK.includes(known.code) && process.env.POOL_TRACKER_DEBUG) console.error(error);
  return known.exitStatus;
}

tuneV8();
for (const signal of Object.keys(SIGNAL_STATUS) as EndingSignal[]) {
  process.once(signal, () => endBy(signal));
}
let isDone = false;
process.stdout.on('error', (error) => {
  isDone = true;
  process.exit(failed(error));
});
process.once('exit', (status) => {
  // A plug-in that ends the program, or on which it waits although nothing is left that could wake it.
  const error = isDone || SIGNAL_STATUSES.includes(status) ? null : neverAnswered();
  if (error !== null) process.exitCode = failed(error);
});
process.exitCode = await runCommandLine(process.argv.slice(2), COMMANDS)
  .catch(failed)
  .finally(() => {
    isDone = true;
  });
