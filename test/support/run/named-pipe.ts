import { execFileSync, spawn, type ChildProcess } from 'node:child_process';

/** Makes a pipe that has a name. @returns its path */
export function makePipe(path: string): string {
  execFileSync('mkfifo', [path]);
  return path;
}

/** Lets a shell write into a pipe what a command prints; `"$1"` and further are the words. */
export function feedPipe(path: string, command: string, ...words: string[]): ChildProcess {
  return spawn('sh', ['-c', `${command} > "$0"`, path, ...words], { stdio: ['ignore', 'ignore', 'inherit'] });
}
