import { unlinkSync } from 'node:fs';

const unfinished = new Set<string>();
let watching = false;

/** Notes a temporary file that is to be deleted should the process end before it is finished. */
export function noteUnfinished(path: string): void {
  if (!watching) {
    process.on('exit', discardUnfinishedFiles);
    watching = true;
  }
  unfinished.add(path);
}

export function noteFinished(path: string): void {
  unfinished.delete(path);
}

/**
 * Deletes every file that is still being written. Synchronous, for handlers of signals; `exit` does it by itself.
 * A file that cannot be deleted is left.
 */
export function discardUnfinishedFiles(): void {
  for (const path of unfinished) {
    try {
      unlinkSync(path);
    } catch {
      // Nobody is left to tell, and the other files still have to go.
    }
  }
  unfinished.clear();
}
