import { PoolTrackerError } from '../../errors.js';
import type { KnownTags } from '../../pool/tag-names/tag-names.js';
import type { TagTotal } from '../../pool/table/tag-totals.js';
import {
  inAnotherCase,
  POOLS,
  rowsOf,
  selectTags,
  shortfall,
  SORT_ORDERS,
  type TagSelection,
} from '../../record/rows/rows.js';
import { MARK_LEGEND, tagMark } from '../../record/tag-mark.js';
import {
  IMAGE as IMAGE_RECORD,
  IMAGE_WARNING,
  POOL_TAG,
  POOL_TAG_SESSION,
  SCANNED_RECORD_TYPES,
} from '../../record/schema/record-types.js';
import { resultOf } from '../../scan/scan.js';
import type { DecodedScan, FailedScan, ScanResult } from '../../scan/scan-result.js';
import type { SinkOptions } from '../../sink/open-sink.js';
import { parseOutput, SINKS, type Output } from '../../sink/sinks.js';
import { locationName } from '../../source/source.js';
import { foundLine } from '../display/found-line.js';
import { ProgressLine, say, warn } from '../display/say.js';
import { type Command, type OptionValues, usageError } from '../options/command.js';
import { QUIET_OPTION_SPECS, TAG_OPTION_SPECS } from '../options/common-options.js';
import { knownTags, NAMING_OPTION_SPECS, tagNaming } from '../options/naming-options.js';
import { OpenOutput, SINK_OPTION_SPECS, sinkOptions } from '../options/output.js';
import {
  ALL_SYSTEMS_SPECS,
  type GivenImage,
  givenImages,
  IMAGES,
  PARTS_SPECS,
  SCAN_OPTION_SPECS,
} from '../options/scan-options.js';
import { openWanted, systemHeading } from '../options/systems.js';
import { markAtOnce } from '../tune-v8.js';

const DEFAULT_ORDER = 'tag';
const OTHER_RECORDS = SCANNED_RECORD_TYPES.map(({ name }) => name).filter((name) => name !== 'pool_tag');

function selection(options: OptionValues): TagSelection {
  const top = options.count('top');
  const pool = options.choice('pool', POOLS);
  const minBytes = options.bytes('min-bytes');
  const minOutstanding = options.count('min-outstanding', 0);
  return {
    tags: options.texts('tag'),
    exclude: options.texts('exclude'),
    sort: options.choice('sort', SORT_ORDERS) ?? DEFAULT_ORDER,
    inUse: options.flag('in-use'),
    thirdParty: options.flag('third-party'),
    asReported: options.flag('as-reported'),
    reverse: options.flag('reverse'),
    ...(top === undefined ? {} : { top }),
    ...(pool === undefined ? {} : { pool }),
    ...(minBytes === undefined ? {} : { minBytes }),
    ...(minOutstanding === undefined ? {} : { minOutstanding: BigInt(minOutstanding) }),
  };
}

function outputs(options: OptionValues): Output[] {
  const format = options.flag('json') ? 'ndjson' : options.text('format');
  const records = options.flag('session') ? POOL_TAG_SESSION : POOL_TAG;
  const named = options.texts('output');
  const files = named.map((text) => parseOutput(text, text.endsWith('-') ? format : undefined, records));
  const other = files.find(({ recordType }) => !SCANNED_RECORD_TYPES.includes(recordType));
  if (other !== undefined)
    throw usageError(`no image has ${other.recordType.name} records`, 'pool-tracker convert makes them of a log');
  const toStdout = files.some(({ target }) => typeof target !== 'string');
  // Who asks for --json wants it on standard output, whatever else is written.
  if (files.length > 0)
    return options.flag('json') && !toStdout ? [...files, parseOutput('-', format, records)] : files;
  return [parseOutput('-', format ?? 'table', records)];
}

function isMarked({ complete, consistency }: TagTotal): boolean {
  return tagMark(complete, consistency) !== '';
}

/** Which records go into which format. */
type Kind = Pick<Output, 'recordType' | 'format'>;

function isTagTable({ recordType, format }: Kind): boolean {
  return recordType.name === 'pool_tag' && format.name === 'table';
}

function outputOptions(output: Output, options: OptionValues, images: number): SinkOptions {
  const common = sinkOptions(options, output.target);
  if (output.format.name !== 'table') return common;
  const { pool, top } = selection(options);
  const totals = options.flag('totals') && isTagTable(output);
  return {
    ...common,
    table: {
      ...common.table,
      totals,
      headings: images > 1,
      ...(pool === undefined ? {} : { pool }),
      ...(totals && top !== undefined ? { first: top } : {}),
    },
  };
}

/** The tags that an output gets. The totals of a printed table are of all, also of those that are not shown. */
function selectionFor(output: Kind, options: OptionValues): TagSelection {
  const { top, ...all } = selection(options);
  const wantsAll = options.flag('totals') && isTagTable(output);
  return wantsAll || top === undefined ? all : { ...all, top };
}

/** The codes of all doubts; those of the warnings where no doubt is left. */
function reasonsOf({ doubts, warnings }: ScanResult): string {
  return [...new Set((doubts.length > 0 ? doubts : warnings).map(({ code }) => code))].join(', ');
}

/** What every image of the command is scanned with. */
interface Work {
  readonly options: OptionValues;
  readonly known: KnownTags;
  readonly open: readonly OpenOutput[];
  /** Whether it is one of several, so that what is said names it. */
  readonly isOneOfSeveral: boolean;
}

async function scanOne({ location, scan: how }: GivenImage, work: Work): Promise<void> {
  const { options, open } = work;
  const progress = new ProgressLine();
  const request = { ...how, ...(options.flag('quiet') ? {} : { onProgress: progress.show }) };
  const wantsProcessors = open.some(({ recordType }) => recordType.name === 'pool_tag_cpu');
  const systems = await openWanted(location, request, options);
  try {
    for (const scan of systems.scans) {
      const result = await resultOf(scan, wantsProcessors).finally(() => progress.end());
      if (options.flag('all-systems') && !options.flag('quiet')) say(systemHeading(result, systems.scans.length));
      if (result.tables === null) await writeFailure(result, work);
      else await writeResult(location, result, work);
    }
  } finally {
    await systems.close();
  }
}

/** Writes the image record of a system that failed beside others. */
async function writeFailure(result: FailedScan, { open }: Work): Promise<void> {
  const { error } = result.outcome;
  if (result.system === 0) throw error;
  warn(error.message);
  for (const one of open)
    if (one.recordType === IMAGE_RECORD || one.recordType === IMAGE_WARNING)
      await one.write(rowsOf(one.recordType, result));
}

function sayFindings(name: string, result: DecodedScan, { options, known, open, isOneOfSeveral }: Work): void {
  const of = isOneOfSeveral ? `${name}: ` : '';
  say(`${of}${foundLine(result)}`);
  for (const { message } of result.warnings) warn(`${of}${message}`);
  const selected = selection(options);
  const shown = open.some(isTagTable) ? selectTags(result.totals, selected, known) : [];
  if (shown.some(isMarked)) say(MARK_LEGEND);
  const others = inAnotherCase(result.totals, selected);
  if (others.length > 0) {
    const [few, more] = [
      others
        .slice(0, 5)
        .map((name) => name.trimEnd())
        .join(', '),
      others.length > 5 ? ', ...' : '',
    ];
    warn(`${of}no tag fits --tag ${selected.tags!.join(', ')}; in another case would: ${few}${more}`);
  }
}

async function writeResult(location: string, result: DecodedScan, work: Work): Promise<void> {
  const { options, known, open } = work;
  if (!options.flag('quiet')) sayFindings(locationName(location), result, work);
  if (result.outcome.status === 'incomplete' && options.flag('strict')) {
    throw new PoolTrackerError(
      'INCOMPLETE',
      `${locationName(location)}: the counts are not complete (${reasonsOf(result)}), and --strict was given`,
    );
  }
  const naming = await tagNaming(known, result, options);
  for (const one of open) {
    await one.write(rowsOf(one.recordType, result, selectionFor(one, options), naming));
    const missing = await shortfall(one.recordType, result, selectionFor(one, options));
    if (missing !== null && !options.flag('quiet')) warn(`${one.recordType.name}: ${missing}`);
  }
}

export const scanCommand: Command = {
  arguments: [IMAGES],
  options: {
    output: {
      short: 'o',
      multiple: true,
      value: 'FILE',
      help: `write records to FILE (${SINKS.flatMap(({ extensions }) => extensions).join(' ')}, or - with --format); RECORD=FILE for another kind than pool_tag: ${OTHER_RECORDS.join(', ')}`,
    },
    format: {
      value: 'FORMAT',
      choices: SINKS.map(({ name }) => name),
      default: 'table',
      help: 'format of what goes to standard output',
    },
    json: { help: 'the same as --format ndjson' },
    ...TAG_OPTION_SPECS,
    pool: { value: 'POOL', choices: POOLS, help: 'only tags of this pool, and in a table only its counts' },
    sort: {
      value: 'ORDER',
      choices: SORT_ORDERS,
      default: DEFAULT_ORDER,
      help: 'order of the tags; each: bytes of one allocation in use',
    },
    reverse: { help: 'the order the other way round' },
    top: { value: 'N', help: 'only the first N' },
    'in-use': { help: 'leave out tags with nothing outstanding' },
    'min-bytes': { value: 'SIZE', help: 'leave out tags with fewer bytes in use: 4096, 64k, 1.5MiB' },
    'min-outstanding': { value: 'N', help: 'leave out tags with fewer allocations in use' },
    ...NAMING_OPTION_SPECS,
    session: {
      help: "the tags of each session's own pool (windows, fonts: win32k's) in place of the system's: records pool_tag_session; Windows up to build 22000",
    },
    totals: { help: 'end the printed table with the sums over all tags that fit, also those that --top leaves out' },
    'as-reported': {
      help: "give the counts of the kernel's own report, as NtQuerySystemInformation would: cut, raised and clamped as that build does",
    },
    strict: { help: 'exit with 6, writing nothing, when any count may be wrong: pages missing, or any doubt' },
    ...QUIET_OPTION_SPECS,
    ...ALL_SYSTEMS_SPECS,
    ...PARTS_SPECS,
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
    ['pool-tracker scan memory.dmp --pool nonpaged --sort each --min-bytes 1MiB', 'as poolmon shows one pool'],
    ['pool-tracker scan --parts disc1/memory disc2/memory disc3/memory', 'one image in three files'],
    ['pool-tracker scan memory.raw --session', "what each session's windows and fonts hold"],
    ['pool-tracker scan memory.raw -o - --format ndjson | jq .tag', 'into a pipe'],
  ],
  async run(words, options) {
    markAtOnce();
    const images = givenImages(words, options);
    const wanted = outputs(options);
    sinkOptions(options);
    selection(options);
    if (options.flag('totals') && !wanted.some(isTagTable)) {
      throw usageError(
        '--totals ends a printed table of tags, and no output is one',
        'leave it out, or print with --format table',
      );
    }
    const known = await knownTags(options);
    const open: OpenOutput[] = [];
    try {
      for (const output of wanted)
        open.push(await OpenOutput.open(output, outputOptions(output, options, images.length)));
      for (const image of images) await scanOne(image, { options, known, open, isOneOfSeveral: images.length > 1 });
      for (const one of open) await one.end();
    } catch (error) {
      await Promise.all(open.map((one) => one.abandon(error as Error)));
      throw error;
    }
    return 0;
  },
};
