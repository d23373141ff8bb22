import type { CommandList } from '../options/command.js';

/** Every command with its summary for the general help; the command itself is loaded when it is called. */
export const COMMANDS: CommandList = {
  scan: {
    summary: 'find the pool tag tables of memory images and print or write them as records',
    load: async () => (await import('./scan.js')).scanCommand,
  },
  info: {
    summary: 'tell what an image is, how its kernel and tables were found, and what was rejected',
    load: async () => (await import('./info.js')).infoCommand,
  },
  check: {
    summary: 'count processes, threads and other objects and compare with what their pool tags have outstanding',
    load: async () => (await import('./check.js')).checkCommand,
  },
  who: {
    summary: 'tell which objects are behind the count of a tag, and which processes hold them',
    load: async () => (await import('./who.js')).whoCommand,
  },
  bigpool: {
    summary: 'list the allocations of a page or more, which have no pool header',
    load: async () => (await import('./bigpool.js')).bigpoolCommand,
  },
  symbols: {
    summary: 'tell which symbols the kernel of an image needs, get them, or write its few offsets',
    load: async () => (await import('./symbols.js')).symbolsCommand,
  },
  report: {
    summary: 'make one page of HTML of an image or a dataset, to look at before asking',
    load: async () => (await import('./report.js')).reportCommand,
  },
  convert: {
    summary: 'write the records of one file in another format',
    load: async () => (await import('./convert.js')).convertCommand,
  },
  batch: {
    summary: 'scan many memory images into a dataset of partitioned files',
    load: async () => (await import('./batch.js')).batchCommand,
  },
  diff: {
    summary: 'tell what grew, shrank, is new or gone between two images, or files of their pool_tag records',
    load: async () => (await import('./diff.js')).diffCommand,
  },
  compact: {
    summary: 'merge the many small files of a dataset into few, sorted by tag',
    load: async () => (await import('./compact.js')).compactCommand,
  },
  table: {
    summary: 'show, rebuild or clean the logs that let engines read a dataset as tables',
    load: async () => (await import('./table.js')).tableCommand,
  },
  submit: {
    summary: 'put one job for each memory image into a queue that workers on any machine take from',
    load: async () => (await import('./queue/submit.js')).submitCommand,
  },
  worker: {
    summary: 'take images from a queue and bring them into the dataset they were submitted for',
    load: async () => (await import('./queue/worker.js')).workerCommand,
  },
  status: {
    summary: 'tell what a queue holds, how fast it is worked off, and what failed',
    load: async () => (await import('./queue/status.js')).statusCommand,
  },
  query: {
    summary: 'ask a dataset in SQL (DuckDB), or one of the questions of schemas/duckdb.sql',
    load: async () => (await import('./query.js')).queryCommand,
  },
  completion: {
    summary: 'write what teaches bash, zsh or fish to complete commands and options',
    load: async () => (await import('./completion.js')).completionCommand(COMMANDS),
  },
};
