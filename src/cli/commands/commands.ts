import type { Command } from '../options/command.js';

/** Every command, loaded when it is called. */
export const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  scan: async () => (await import('./scan.js')).scanCommand,
  info: async () => (await import('./info.js')).infoCommand,
  check: async () => (await import('./check.js')).checkCommand,
  bigpool: async () => (await import('./bigpool.js')).bigpoolCommand,
  convert: async () => (await import('./convert.js')).convertCommand,
  batch: async () => (await import('./batch.js')).batchCommand,
  diff: async () => (await import('./diff.js')).diffCommand,
  compact: async () => (await import('./compact.js')).compactCommand,
  submit: async () => (await import('./submit.js')).submitCommand,
  worker: async () => (await import('./worker.js')).workerCommand,
  status: async () => (await import('./status.js')).statusCommand,
  query: async () => (await import('./query.js')).queryCommand,
};
