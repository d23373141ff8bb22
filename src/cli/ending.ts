import { discardUnfinishedFiles } from '../sink/file/whole-file.js';

/** The exit statuses that shells give to programs that these signals end. */
export const SIGNAL_STATUS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** A signal by which people and systems end a program. */
export type EndingSignal = keyof typeof SIGNAL_STATUS;

/**
 * Ends as programs do that leave a signal to the system, so that who waits for this one learns of it (a shell makes it
 * 128 + its number), and at once, whatever a thread may be blocked in. All that `exit` tidies up is done before.
 */
export function endBy(signal: EndingSignal): void {
  discardUnfinishedFiles();
  if (process.platform !== 'win32')
    process.once('exit', () => {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    });
  process.exit(SIGNAL_STATUS[signal]);
}
