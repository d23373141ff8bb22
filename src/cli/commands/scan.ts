import { PoolTrackerError } from '../../errors.js';
import type { KnownTags } from '../../pool/tag-names/tag-names.js';
import { rowsOf, shortfall, SORT_ORDERS, type TagSelection } from '../../record/rows/rows.js';
import { RECORD_TYPES } from '../../record/schema/record-types.js';
import { decodeScan } from '../../scan/scan.js';
import { openScan } from '../../scan/open-scan.js';
import type { SinkOptions } from '../../sink/open-sink.js';
import { parseOutput, type Output } from '../../sink/sinks.js';
import { locationName } from '../../source/source.js';
import type { Command, OptionValues } from '../options/command.js';
import { foundLine } from '../display/found-line.js';
import { knownTags, NAMING_OPTION_SPECS, tagNaming } from '../options/naming-options.js';
import { OpenOutput } from '../options/output.js';
import { Progress } from '../display/say.js';
import { parseChoice, parseCount, requireWords } from '../options/command.js';
import { SCAN_OPTION_SPECS, scanOptions } from '../options/scan-options.js';
import { say, warn } from '../display/say.js';
import { SINK_OPTION_SPECS, sinkOptions } from '../options/output.js';

function selection(options: OptionValues): TagSelection {
  const top = parseCount('top', options.text('top'));
  return {
    tags: options.texts('tag'),
    exclude: options.texts('exclude'),
    sort: parseChoice('sort', options.text('sort'), SORT_ORDERS) ?? 'tag',
    inUse: options.flag('in-use'),
    thirdParty: options.flag('third-party'),
    ...(top === undefined ? {} : { top }),
  };
}

function outputs(options: OptionValues): Output[] {
  const format = options.flag('json') ? 'ndjson' : options.text('format');
  const named = options.texts('output');
  if (named.length > 0) return named.map((text) => parseOutput(text, text.endsWith('-') ? format : undefined));
  return [parseOutput('-', format ?? 'table')];
}

function isTagTable({ recordType, format }: Output): boolean {
  return recordType.name === 'pool_tag' && format.name === 'table';
}

/** Only a terminal has a width that a table should fill; what goes into a pipe is the same everywhere. */
function outputOptions(output: Output, options: OptionValues): SinkOptions {
  const { isTTY, columns } = process.stdout;
  return {
    ...sinkOptions(options),
    totals: options.flag('totals') && isTagTable(output),
    ...(output.target === process.stdout && isTTY ? { terminalColumns: columns } : {}),
  };
}

async function scanOne(
  location: string,
  options: OptionValues,
  known: KnownTags,
  open: readonly OpenOutput[],
): Promise<void> {
  const progress = new Progress();
  const scan = await openScan(location, {
    ...scanOptions(options),
    ...(options.flag('quiet') ? {} : { onProgress: progress.show }),
  });
  try {
    const wantsProcessors = open.some(({ recordType }) => recordType.name === 'pool_tag_cpu');
    const result = await decodeScan(scan, wantsProcessors).finally(() => progress.end());
    if (!options.flag('quiet')) {
      say(foundLine(result));
      for (const { message } of result.warnings) warn(message);
    }
    if (result.outcome.status === 'incomplete' && options.flag('strict')) {
      throw new PoolTrackerError(
        'INCOMPLETE',
        `${locationName(location)}: the counts are not complete, and --strict was given`,
      );
    }
    const naming = await tagNaming(known, result, options);
    for (const one of open) {
      await one.write(rowsOf(one.recordType, result, selection(options), naming));
      const missing = await shortfall(one.recordType, result);
      if (missing !== null && !options.flag('quiet')) warn(`${one.recordType.name}: ${missing}`);
    }
  } finally {
    await scan.close();
  }
}

export const scanCommand: Command = {
  name: 'scan',
  usage: 'IMAGE... [options]',
  summary: 'find the pool tag tables of memory images and print or write them as records',
  options: {
    output: {
      type: 'string',
      short: 'o',
      multiple: true,
      value: '[RECORD=]FILE',
      help: `write records to FILE (.parquet .ndjson .ndjson.gz .arrow .arrows .csv, or - with --format); RECORD is ${RECORD_TYPES.map(({ name }) => name).join(', ')}`,
    },
    format: { type: 'string', value: 'FORMAT', help: 'format of what goes to standard output' },
    json: { type: 'boolean', help: 'the same as --format ndjson' },
    tag: {
      type: 'string',
      multiple: true,
      value: 'PATTERN',
      help: "only tags that fit: * any characters, ? one, as in 'Nt*'",
    },
    exclude: { type: 'string', multiple: true, value: 'PATTERN', help: 'leave out tags that fit' },
    sort: { type: 'string', value: 'ORDER', help: `${SORT_ORDERS.join(', ')}; tag unless told otherwise` },
    top: { type: 'string', value: 'N', help: 'only the first N' },
    'in-use': { type: 'boolean', help: 'leave out tags with nothing outstanding' },
    ...NAMING_OPTION_SPECS,
    totals: { type: 'boolean', help: 'end the printed table with the sums over all tags in it' },
    strict: { type: 'boolean', help: 'exit with 6, writing nothing, when any page of the tables is missing' },
    quiet: { type: 'boolean', short: 'q', help: 'say nothing but errors' },
    ...SCAN_OPTION_SPECS,
    ...SINK_OPTION_SPECS,
  },
  examples: [
    ['pool-tracker scan memory.raw', 'print every tag'],
    ['pool-tracker scan memory.dmp --sort bytes --top 20 --in-use', 'the 20 tags that hold the most memory'],
    [
      'pool-tracker scan memory.raw --third-party --drivers memory.raw',
      'tags that are on no list, with the loaded drivers they may belong to',
    ],
    ['pool-tracker scan memory.raw -o tags.parquet -o image=image.ndjson', 'write two kinds of records'],
    ['pool-tracker scan memory.raw -o - --format ndjson | jq .tag', 'into a pipe'],
  ],
  async run(images, options) {
    requireWords(images, 'IMAGE');
    const wanted = outputs(options);
    sinkOptions(options);
    selection(options);
    if (options.flag('totals') && !wanted.some(isTagTable)) {
      throw new PoolTrackerError('USAGE', '--totals ends a printed table of tags, and no output is one', {
        hint: 'leave it out, or print with --format table',
      });
    }
    const known = await knownTags(options);
    const open: OpenOutput[] = [];
    try {
      for (const output of wanted) open.push(await OpenOutput.open(output, outputOptions(output, options)));
      for (const image of images) await scanOne(image, options, known, open);
      for (const one of open) await one.end();
    } catch (error) {
      await Promise.all(open.map((one) => one.abandon(error as Error)));
      throw error;
    }
    return 0;
  },
};
