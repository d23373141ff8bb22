import { DEFAULT_RECORDS, DEFAULT_TIMEOUT_MS } from '../../dataset/batch.js';
import { Arrivals } from '../../dataset/images/arrivals.js';
import { listImages, type ListedImage, type Shard, shardOf } from '../../dataset/images/images.js';
import { LabelRules } from '../../dataset/images/labels.js';
import type { IngestOptions } from '../../dataset/ingest/ingest.js';
import { PART_EXTENSION, type PartFormat, TABLE_FORMATS } from '../../dataset/store/dataset-settings.js';
import { DEFAULT_PARTITION } from '../../dataset/store/partition.js';
import { recordTypeNamed, SCANNED_RECORD_TYPES } from '../../record/schema/record-types.js';
import { NAMING_OPTION_SPECS } from './naming-options.js';
import { type ArgumentSpec, type OptionSpecs, type OptionValues, usageError } from './command.js';
import { SINK_OPTION_SPECS, sinkOptions } from './output.js';
import { ALL_SYSTEMS_SPECS, fixedLabels, SCAN_OPTION_SPECS, scanOptions } from './scan-options.js';

const PART_FORMATS = Object.keys(PART_EXTENSION) as PartFormat[];
const DEFAULT_TIMEOUT_S = DEFAULT_TIMEOUT_MS / 1000;
/** What a timer can wait, in whole seconds. */
const MAX_TIMEOUT_S = Math.floor((2 ** 31 - 1) / 1000);

export const SOURCES: ArgumentSpec = {
  name: 'SOURCE',
  multiple: true,
  help: "memory images: files, directories, patterns such as 'dumps/*.dmp', addresses, s3://BUCKET/PREFIX/; @FILE or - for a list of these, one a line",
};

/** The options of every command that adds images to a dataset. */
export const DATASET_OPTION_SPECS: OptionSpecs = {
  out: { value: 'DATASET', help: 'the dataset: a directory or s3://BUCKET/PREFIX' },
  records: {
    value: 'LIST',
    default: DEFAULT_RECORDS.join(','),
    help: 'record types to write, each under its own folder',
  },
  format: { value: 'FORMAT', choices: PART_FORMATS, default: 'parquet', help: 'format of a new dataset' },
  partition: {
    value: 'KEYS',
    default: DEFAULT_PARTITION.join(','),
    help: 'folders of a new dataset: date and names of labels',
  },
  table: {
    value: 'KIND',
    choices: TABLE_FORMATS,
    help: 'log of a new dataset for engines that read tables: delta (Delta Lake; the default with Parquet), iceberg, both or none',
  },
  ...ALL_SYSTEMS_SPECS,
  ...SCAN_OPTION_SPECS,
  'label-from': {
    multiple: true,
    value: 'REGEX',
    help: "labels from the path: each named group is one, as in '/(?<host>[^/]+)/[^/]+$'",
  },
  labels: { value: 'FILE', help: 'labels from a CSV or NDJSON file whose path column names the image' },
  shard: {
    value: 'I/N',
    help: 'only part I of N, 0/N to N-1/N: which image is in which part follows from its name',
  },
  drivers: NAMING_OPTION_SPECS['drivers']!,
  timeout: { value: 'SECONDS', default: DEFAULT_TIMEOUT_S, help: 'give an image up after this long' },
  force: { help: 'do images again that are done' },
  'parquet-writer': SINK_OPTION_SPECS['parquet-writer']!,
};

function commaList(text: string | undefined): string[] | undefined {
  return text
    ?.split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

/** @throws PoolTrackerError USAGE */
export function ingestOptions(options: OptionValues): IngestOptions {
  const out = options.text('out');
  if (out === undefined || out === '')
    throw usageError('--out is missing', 'name the dataset: a directory or s3://BUCKET/PREFIX');
  const records = commaList(options.text('records')) ?? DEFAULT_RECORDS;
  for (const record of records)
    if (!SCANNED_RECORD_TYPES.includes(recordTypeNamed(record)))
      throw usageError(`--records: no image has ${record} records`);
  if (records.length === 0) throw usageError('--records: no record type is named');
  const partition = commaList(options.text('partition'));
  const format = options.choice('format', PART_FORMATS);
  const table = options.choice('table', TABLE_FORMATS);
  const drivers = options.text('drivers');
  const { labels: _, ...scan } = scanOptions(options);
  const { table: _table, ...sink } = sinkOptions(options);
  return {
    out,
    records,
    scan,
    ...(options.flag('all-systems') ? { allSystems: true } : {}),
    ...(drivers === undefined ? {} : { drivers }),
    sink,
    ...(partition === undefined ? {} : { partition }),
    ...(format === undefined ? {} : { format }),
    ...(table === undefined ? {} : { table }),
  };
}

export function timeoutMs(options: OptionValues): number {
  const seconds = options.count('timeout') ?? DEFAULT_TIMEOUT_S;
  if (seconds > MAX_TIMEOUT_S)
    throw usageError(`--timeout: expected at most ${MAX_TIMEOUT_S} seconds (24 days), found ${seconds}`);
  return seconds * 1000;
}

export function labelRules(options: OptionValues): Promise<LabelRules> {
  const file = options.text('labels');
  return LabelRules.load({
    fixed: fixedLabels(options),
    patterns: options.texts('label-from'),
    ...(file === undefined ? {} : { file }),
  });
}

/** `--shard 2/8` → 2, 8 */
function parseShard(text: string): Shard {
  const match = /^(\d{1,9})\/(\d{1,9})$/.exec(text);
  const [part, parts] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || part >= parts)
    throw usageError(`--shard: expected I/N with I from 0 to N-1, found '${text}'`, 'the first of four is 0/4');
  return { part, parts };
}

function shardGiven(options: OptionValues): Shard | null {
  const text = options.text('shard');
  return text === undefined ? null : parseShard(text);
}

/** The images named by the words that belong to this shard. */
export async function listed(words: readonly string[], options: OptionValues): Promise<ListedImage[]> {
  const shard = shardGiven(options);
  const images = await listImages(words, { input: process.stdin, except: options.text('out') ?? '' });
  return shard === null ? images : images.filter(({ source }) => shardOf(source, shard.parts) === shard.part);
}

/** Seconds for which a file in a watched folder must not have grown. */
export const DEFAULT_SETTLE_S = 5;

/** The images that are or come into the folders that the words name, of this shard. */
export function arriving(words: readonly string[], options: OptionValues): Promise<Arrivals> {
  const shard = shardGiven(options);
  return Arrivals.in(words, {
    settleMs: (options.count('settle') ?? DEFAULT_SETTLE_S) * 1000,
    except: options.text('out') ?? '',
    isWanted: ({ source }) => shard === null || shardOf(source, shard.parts) === shard.part,
  });
}
