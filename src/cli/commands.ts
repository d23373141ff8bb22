import type { Command } from './command.js';

/** Every command, loaded when it is called. */
export const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  scan: async () => (await import('./scan-command.js')).scanCommand,
  info: async () => (await import('./info-command.js')).infoCommand,
  check: async () => (await import('./check-command.js')).checkCommand,
  bigpool: async () => (await import('./bigpool-command.js')).bigpoolCommand,
  convert: async () => (await import('./convert-command.js')).convertCommand,
  batch: async () => (await import('./batch-command.js')).batchCommand,
  diff: async () => (await import('./diff-command.js')).diffCommand,
  compact: async () => (await import('./compact-command.js')).compactCommand,
  submit: async () => (await import('./submit-command.js')).submitCommand,
  worker: async () => (await import('./worker-command.js')).workerCommand,
  status: async () => (await import('./status-command.js')).statusCommand,
  query: async () => (await import('./query-command.js')).queryCommand,
};
