import { isMissing, type PoolTrackerError } from '../../errors.js';
import { tagOfType } from '../../kernel/objects/objects.js';
import { rowsOf, shortfall, tagFilter, type TagSelection } from '../../record/rows/rows.js';
import type { Row } from '../../record/schema/record-type.js';
import { OBJECT_HOLDER } from '../../record/schema/record-types.js';
import { MARK_LEGEND, tagMark } from '../../record/tag-mark.js';
import { openScan } from '../../scan/open-scan.js';
import { decodeScan } from '../../scan/scan.js';
import type { ScanResult } from '../../scan/scan-result.js';
import { foundLine } from '../display/found-line.js';
import { HOLDER_GROUPS, HOLDER_TOTALS, holderGroups, holderTotals } from '../display/holder-groups.js';
import { say, warn } from '../display/say.js';
import { type Command, usageError } from '../options/command.js';
import { QUIET_OPTION_SPECS, TAG_OPTION_SPECS } from '../options/common-options.js';
import { ANSWER_OPTION_SPECS, AnswerOutput, writeRows } from '../options/output.js';
import { IMAGE, SCAN_OPTION_SPECS, scanOptions } from '../options/scan-options.js';

/** Types of objects that the kernel keeps lists of; others are found by handles alone. */
const LISTED = ['Process', 'Thread'];

/** Tags of the types that can be told apart in this image; null where objects cannot be enumerated. */
async function knownTags({ objects }: ScanResult): Promise<string[] | null> {
  if (isMissing(objects)) return null;
  const held = await (await objects.objects()).held(() => false);
  return isMissing(held) ? null : [...new Set(held.known.map(tagOfType))].sort();
}

/** `12 outstanding, 10 found, 2 not explained`, and what may be wrong with it. */
function sum(tag: string, rows: readonly Row[], first: Row | undefined): string {
  const found = BigInt(rows.length);
  const outstanding = first?.['tag_outstanding'] as bigint | null;
  if (outstanding === null) return `${tag}: in no table, ${found} found`;
  const difference = outstanding - found;
  const isListed = rows.every(({ object_type: type }) => LISTED.includes(String(type)));
  const unseen = isListed ? '' : ' (objects that no handle leads to are not found)';
  const rest =
    difference >= 0n
      ? `${difference} not explained${difference > 0n ? unseen : ''}`
      : `${-difference} more than outstanding`;
  const mark = tagMark(first?.['tag_complete'] ?? null, first?.['tag_consistency'] ?? null);
  return `${tag}${mark}: ${outstanding} outstanding, ${found} found, ${rest}`;
}

async function collected(rows: AsyncIterable<Row> | Iterable<Row>): Promise<Row[]> {
  const all: Row[] = [];
  for await (const row of rows) all.push(row);
  return all;
}

/** The objects behind each tag, group by group. */
async function printTags(result: ScanResult, tags: readonly string[], output: AnswerOutput): Promise<void> {
  let isMarked = false;
  for (const tag of tags) {
    const rows = await collected(rowsOf(OBJECT_HOLDER, result, { tags: [tag] }));
    if (rows.length === 0) {
      process.stdout.write(`${tag}: no object was found\n`);
      continue;
    }
    const line = sum(tag, rows, rows[0]);
    isMarked ||= tagMark(rows[0]!['tag_complete'] ?? null, rows[0]!['tag_consistency'] ?? null) !== '';
    process.stdout.write(`${line}\n`);
    await writeRows(HOLDER_GROUPS, await holderGroups(rows), await output.open(HOLDER_GROUPS));
  }
  if (isMarked) say(MARK_LEGEND);
}

function noSuchType(asked: readonly string[], known: readonly string[], missing: string | null): PoolTrackerError {
  const without = missing === null ? '' : ', without handles';
  return usageError(
    `--tag: no type of objects that can be enumerated${without} has such a tag: ${asked.join(', ')}`,
    `types have ${known.map((tag) => `'${tag}'`).join(', ')}; for the tags of drivers try scan --drivers`,
  );
}

/** @param tags of types of objects; none where they cannot be enumerated */
async function answer(
  result: ScanResult,
  tags: readonly string[],
  selection: TagSelection,
  output: AnswerOutput,
): Promise<void> {
  const rows = rowsOf(OBJECT_HOLDER, result, selection);
  if (!output.isForReading) return writeRows(OBJECT_HOLDER, rows, await output.open(OBJECT_HOLDER));
  if (tags.length === 0) return;
  if ((selection.tags ?? []).length > 0) return printTags(result, tags, output);
  const totals = await holderTotals(rows);
  await writeRows(HOLDER_TOTALS, totals, await output.open(HOLDER_TOTALS));
  if (totals.some((row) => row['Mark'] !== '')) say(MARK_LEGEND);
}

export const whoCommand: Command = {
  arguments: [IMAGE],
  options: { ...TAG_OPTION_SPECS, ...QUIET_OPTION_SPECS, ...ANSWER_OPTION_SPECS, ...SCAN_OPTION_SPECS },
  examples: [
    ['pool-tracker who memory.raw', 'objects of every type beside the count of their tag'],
    [
      'pool-tracker who memory.raw --tag Proc',
      'processes that have exited and are not freed, and who has handles to them',
    ],
    ["pool-tracker who memory.raw --tag File --tag 'Even'", 'which processes hold files and events'],
    ['pool-tracker who memory.raw --tag Proc -o holders.parquet', 'one object_holder record for each object'],
  ],
  async run(words, options) {
    const output = AnswerOutput.parse(options);
    const selection: TagSelection = { tags: options.texts('tag'), exclude: options.texts('exclude') };
    const scan = await openScan(words[0]!, scanOptions(options));
    try {
      const result = await decodeScan(scan);
      const isQuiet = options.flag('quiet');
      if (!isQuiet) say(foundLine(result));
      if (!isQuiet) for (const { message } of result.warnings) warn(message);
      const known = await knownTags(result);
      const missing = await shortfall(OBJECT_HOLDER, result);
      if (missing !== null) warn(known === null ? `objects cannot be enumerated: ${missing}` : missing);
      const wanted = known?.filter(tagFilter(selection)) ?? [];
      if (known !== null && wanted.length === 0) throw noSuchType(options.texts('tag'), known, missing);
      await answer(result, wanted, selection, output);
    } finally {
      await scan.close();
    }
    return 0;
  },
};
