import { type Measure, MEASURES, subjectName, TAG_DIFF, type TagDiff } from '../../dataset/query/query.js';
import { type Diff, diff } from '../../library/diff.js';
import { column, nullableColumn, type RecordType, type Row } from '../../record/schema/record-type.js';
import { tagMark } from '../../record/tag-mark.js';
import { say, warn } from '../display/say.js';
import { type Command, usageError } from '../options/command.js';
import { QUIET_OPTION_SPECS, TAG_OPTION_SPECS } from '../options/common-options.js';
import { writeRows } from '../../sink/open-sink.js';
import { ANSWER_OPTION_SPECS, AnswerOutput } from '../options/output.js';
import { SCAN_OPTION_SPECS, scanOptions } from '../options/scan-options.js';

const DEFAULT_MEASURE: Measure = 'bytes';

/** The columns of the table that is printed: `tag_diff` has all values. */
const FOR_READING: RecordType = {
  name: 'diff',
  description: 'What differs between two images.',
  columns: [
    column('Tag', 'string', 'The tag.'),
    column('Mark', 'string', 'Whether the counts may be wrong.'),
    column('Change', 'string', 'new, gone, grew, shrank or same.'),
    nullableColumn('%', 'float64', 'Change in percent.'),
    column('Bytes', 'int64', 'Change of the bytes.'),
    nullableColumn('An Hour', 'int64', 'The same for each hour.'),
    nullableColumn('To Bytes', 'int64', 'Bytes of the second.'),
    column('In Use', 'int64', 'Change of the allocations in use.'),
    nullableColumn('To In Use', 'int64', 'Allocations in use in the second.'),
    column('Allocs', 'int64', 'Change of the allocations since the start.'),
  ],
};

/** A `tag_diff` row for the table. */
function forReading(row: Row): Row {
  const { percent, bytes_per_hour: perHour } = row;
  return {
    Tag: row['tag']!,
    Mark: tagMark(row['complete']!, null),
    Change: row['change']!,
    '%': typeof percent === 'number' ? Number(percent.toFixed(1)) : null,
    Bytes: row['bytes_change']!,
    'An Hour': typeof perHour === 'number' ? BigInt(Math.round(perHour)) : null,
    'To Bytes': row['bytes_after']!,
    'In Use': row['outstanding_change']!,
    'To In Use': row['outstanding_after']!,
    Allocs: row['allocs_change']!,
  };
}

function sayOver(over: readonly TagDiff[], limit: number, by: string): void {
  const shown = over
    .slice(0, 5)
    .map(({ tag, percent }) => `${tag} (${Number.isFinite(percent) ? `${percent.toFixed(1)} %` : 'from nothing'})`);
  say(
    `${over.length} tags grew by more than ${limit} % (${by}): ${shown.join(', ')}${over.length > shown.length ? ', ...' : ''}`,
  );
}

/** `1 day 3 h`, `2 h 5 min`, `12 s`. */
function duration(hours: number): string {
  const seconds = Math.round(hours * 3600);
  const units = [
    ['d', Math.floor(seconds / 86_400)],
    ['h', Math.floor(seconds / 3600) % 24],
    ['min', Math.floor(seconds / 60) % 60],
    ['s', seconds % 60],
  ] as const;
  const first = units.findIndex(([, count]) => count > 0);
  return units
    .slice(Math.max(0, first), Math.max(0, first) + 2)
    .map(([unit, count]) => `${count} ${unit}`)
    .join(' ');
}

function sayWhat({ before, after, sense: { warnings, hours } }: Diff): void {
  say(`from ${subjectName(before)}`);
  say(`to   ${subjectName(after)}${hours === null ? '' : `: ${duration(hours)} later`}`);
  for (const { message } of warnings) warn(message);
}

export const diffCommand: Command = {
  arguments: [
    { name: 'A', help: 'before: an image, or a file of pool_tag records' },
    { name: 'B', help: 'after: the same' },
  ],
  options: {
    by: {
      value: 'MEASURE',
      choices: MEASURES,
      default: DEFAULT_MEASURE,
      help: 'what the order and --fail-over go by',
    },
    'fail-over': {
      value: 'PERCENT',
      help: 'exit with 1 when a tag grew by more than this, or from nothing: for tests of drivers; refused where the two are not states of one start of one machine, unless --force',
    },
    ...TAG_OPTION_SPECS,
    top: { value: 'N', help: 'only the first N' },
    ...QUIET_OPTION_SPECS,
    ...ANSWER_OPTION_SPECS,
    ...SCAN_OPTION_SPECS,
  },
  examples: [
    ['pool-tracker diff before.dmp after.dmp --top 20', 'the 20 tags that grew most'],
    [
      "pool-tracker diff a.parquet b.dmp --tag 'MyD*' --by outstanding --fail-over 0",
      'fail when a driver leaves allocations behind',
    ],
  ],
  async run(words, options) {
    const by = options.choice('by', MEASURES) ?? DEFAULT_MEASURE;
    const limit = options.percent('fail-over');
    const top = options.count('top');
    const output = AnswerOutput.parse(options);
    const tags = { tags: options.texts('tag'), exclude: options.texts('exclude') };
    const found = await diff(words[0]!, words[1]!, { ...scanOptions(options), by, ...tags });
    const { sense, diffs } = found;
    if (!options.flag('quiet')) sayWhat(found);
    const [doubt] = sense.warnings;
    if (limit !== undefined && doubt !== undefined && !options.flag('force'))
      throw usageError(`--fail-over: ${doubt.message}`, '--force compares them all the same');
    const rows = found.rows.slice(0, top);
    if (output.isForReading) await writeRows(FOR_READING, rows.map(forReading), await output.open(FOR_READING));
    else await writeRows(TAG_DIFF, rows, await output.open(TAG_DIFF));
    const incomplete = diffs.filter(
      ({ before, after }) => before?.complete === false || after?.complete === false,
    ).length;
    if (incomplete > 0 && !options.flag('quiet'))
      warn(
        `${incomplete} of these tags are not complete in one of the two: a page that could hold a part of them was missing`,
      );
    const over = limit === undefined ? [] : diffs.filter(({ percent }) => percent > limit);
    if (over.length > 0) sayOver(over, limit!, by);
    return over.length > 0 ? 1 : 0;
  },
};
