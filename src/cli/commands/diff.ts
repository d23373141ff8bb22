import { diffRow, diffTags, TAG_DIFF, type TagDiff } from '../../dataset/query/diff.js';
import { MEASURES, readTagCounts } from '../../dataset/query/diff.js';
import { tagFilter } from '../../record/rows/rows.js';
import { ANSWER_OPTION_SPECS, AnswerOutput } from '../options/output.js';
import type { Command } from '../options/command.js';
import { parseChoice, parseCount, parsePercent, requireWords } from '../options/command.js';
import { say, warn } from '../display/say.js';
import { SCAN_OPTION_SPECS, scanOptions } from '../options/scan-options.js';
import { writeRows } from '../options/output.js';

function sayOver(over: readonly TagDiff[], limit: number, by: string): void {
  const shown = over
    .slice(0, 5)
    .map(({ tag, percent }) => `${tag} (${Number.isFinite(percent) ? `${percent.toFixed(1)} %` : 'from nothing'})`);
  say(
    `${over.length} tags grew by more than ${limit} % (${by}): ${shown.join(', ')}${over.length > shown.length ? ', ...' : ''}`,
  );
}

export const diffCommand: Command = {
  name: 'diff',
  usage: 'A B [options]',
  summary: 'tell what grew, shrank, is new or gone between two images, or files of their pool_tag records',
  options: {
    by: {
      type: 'string',
      value: 'MEASURE',
      help: `what the order and --fail-over go by: ${MEASURES.join(', ')}; bytes unless told otherwise`,
    },
    'fail-over': {
      type: 'string',
      value: 'PERCENT',
      help: 'exit with 1 when a tag grew by more than this, or from nothing: for tests of drivers',
    },
    tag: {
      type: 'string',
      multiple: true,
      value: 'PATTERN',
      help: "only tags that fit: * any characters, ? one, as in 'Nt*'",
    },
    exclude: { type: 'string', multiple: true, value: 'PATTERN', help: 'leave out tags that fit' },
    top: { type: 'string', value: 'N', help: 'only the first N' },
    ...ANSWER_OPTION_SPECS,
    ...SCAN_OPTION_SPECS,
  },
  examples: [
    ['pool-tracker diff before.dmp after.dmp --top 20', 'the 20 tags that grew most'],
    [
      "pool-tracker diff before.parquet after.dmp --tag 'MyD*' --by outstanding --fail-over 0",
      'fail when a driver leaves allocations behind',
    ],
  ],
  async run(words, options) {
    requireWords(words, 'A', 2);
    requireWords(words.slice(1), 'B');
    const by = parseChoice('by', options.text('by'), MEASURES) ?? 'bytes';
    const limit = parsePercent('fail-over', options.text('fail-over'));
    const top = parseCount('top', options.text('top'));
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
