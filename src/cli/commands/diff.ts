import {
  diffRow,
  diffTags,
  type Measure,
  MEASURES,
  readTagCounts,
  TAG_DIFF,
  type TagDiff,
} from '../../dataset/query/query.js';
import { tagFilter } from '../../record/rows/rows.js';
import { say, warn } from '../display/say.js';
import type { Command } from '../options/command.js';
import { TAG_OPTION_SPECS } from '../options/common-options.js';
import { ANSWER_OPTION_SPECS, AnswerOutput, writeRows } from '../options/output.js';
import { SCAN_OPTION_SPECS, scanOptions } from '../options/scan-options.js';

const DEFAULT_MEASURE: Measure = 'bytes';

function sayOver(over: readonly TagDiff[], limit: number, by: string): void {
  const shown = over
    .slice(0, 5)
    .map(({ tag, percent }) => `${tag} (${Number.isFinite(percent) ? `${percent.toFixed(1)} %` : 'from nothing'})`);
  say(
    `${over.length} tags grew by more than ${limit} % (${by}): ${shown.join(', ')}${over.length > shown.length ? ', ...' : ''}`,
  );
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
      help: 'exit with 1 when a tag grew by more than this, or from nothing: for tests of drivers',
    },
    ...TAG_OPTION_SPECS,
    top: { value: 'N', help: 'only the first N' },
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
    const wanted = tagFilter({ tags: options.texts('tag'), exclude: options.texts('exclude') });
    const output = AnswerOutput.parse(options);
    const scan = scanOptions(options);
    const before = await readTagCounts(words[0]!, scan);
    const after = await readTagCounts(words[1]!, scan);
    const diffs = diffTags(before, after, by, wanted);
    await writeRows(TAG_DIFF, diffs.slice(0, top).map(diffRow), await output.open(TAG_DIFF));
    const incomplete = diffs.filter((diff) => diff.before?.complete === false || diff.after?.complete === false).length;
    if (incomplete > 0)
      warn(
        `${incomplete} of these tags are not complete in one of the two: a page that could hold a part of them was missing`,
      );
    const over = limit === undefined ? [] : diffs.filter(({ percent }) => percent > limit);
    if (over.length > 0) sayOver(over, limit!, by);
    return over.length > 0 ? 1 : 0;
  },
};
