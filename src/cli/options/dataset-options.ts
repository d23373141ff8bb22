import { PoolTrackerError } from '../../errors.js';
import { recordTypeNamed } from '../../record/schema/record-types.js';
import { PART_EXTENSION, type PartFormat } from '../../dataset/store/dataset-settings.js';
import { listImages, type ListedImage } from '../../dataset/images/images.js';
import type { IngestOptions } from '../../dataset/ingest/ingest.js';
import { LabelRules } from '../../dataset/images/labels.js';
import { shardOf } from '../../dataset/images/images.js';
import type { OptionSpec, OptionValues } from './command.js';
import { parseChoice, parseLabels } from './command.js';
import { SCAN_OPTION_SPECS, scanOptions } from './scan-options.js';
import { SINK_OPTION_SPECS, sinkOptions } from './output.js';

const DEFAULT_RECORDS = 'pool_tag,image';

/** The options of every command that brings images into a dataset. */
export const DATASET_OPTION_SPECS: Readonly<Record<string, OptionSpec>> = {
  out: { type: 'string', value: 'DATASET', help: 'the dataset: a directory or s3://BUCKET/PREFIX' },
  records: {
    type: 'string',
    value: 'LIST',
    help: `record types to write, each under its own folder; ${DEFAULT_RECORDS} unless told otherwise`,
  },
  format: { type: 'string', value: 'FORMAT', help: 'parquet (default) or ndjson, for a new dataset' },
  partition: {
    type: 'string',
    value: 'KEYS',
    help: 'folders of a new dataset: date and names of labels; date,host unless told otherwise',
  },
  ...SCAN_OPTION_SPECS,
  'label-from': {
    type: 'string',
    multiple: true,
    value: 'REGEX',
    help: "labels from the path: each named group is one, as in '/(?<host>[^/]+)/[^/]+$'",
  },
  labels: { type: 'string', value: 'FILE', help: 'labels from a CSV or NDJSON file whose path column names the image' },
  shard: {
    type: 'string',
    value: 'I/N',
    help: 'only part I of N, 0/N to N-1/N: which image is in which part follows from its name',
  },
  force: { type: 'boolean', help: 'do images again that are done' },
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
    throw new PoolTrackerError('USAGE', '--out is missing', {
      hint: 'name the dataset: a directory or s3://BUCKET/PREFIX',
    });
  const records = commaList(options.text('records') ?? DEFAULT_RECORDS)!;
  for (const record of records) recordTypeNamed(record);
  if (records.length === 0) throw new PoolTrackerError('USAGE', '--records: no record type is named');
  const partition = commaList(options.text('partition'));
  const format = parseChoice('format', options.text('format'), Object.keys(PART_EXTENSION) as PartFormat[]);
  const { labels: _, ...scan } = scanOptions(options);
  return {
    out,
    records,
    scan,
    sink: sinkOptions(options),
    ...(partition === undefined ? {} : { partition }),
    ...(format === undefined ? {} : { format }),
  };
}

export function labelRules(options: OptionValues): Promise<LabelRules> {
  const file = options.text('labels');
  return LabelRules.load({
    fixed: parseLabels(options.texts('label')),
    patterns: options.texts('label-from'),
    ...(file === undefined ? {} : { file }),
  });
}

/** `--shard 2/8` → 2, 8 */
function parseShard(text: string): { part: number; parts: number } {
  const match = /^(\d{1,9})\/(\d{1,9})$/.exec(text);
  const [part, parts] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || part >= parts)
    throw new PoolTrackerError('USAGE', `--shard: expected I/N with I from 0 to N-1, found '${text}'`, {
      hint: 'the first of four is 0/4',
    });
  return { part, parts };
}

/** The images that the words name, of this shard. */
export async function listed(words: readonly string[], options: OptionValues): Promise<ListedImage[]> {
  const text = options.text('shard');
  const shard = text === undefined ? null : parseShard(text);
  const images = await listImages(words, { input: process.stdin, except: options.text('out') ?? '' });
  return shard === null ? images : images.filter(({ source }) => shardOf(source, shard.parts) === shard.part);
}
