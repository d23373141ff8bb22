import { isMissing, type PoolTrackerError } from '../../errors.js';
import { type HeldObjects, tagOfType } from '../../kernel/objects/objects.js';
import { rowsOf, shortfall, tagColumns, tagFilter, type TagSelection } from '../../record/rows/rows.js';
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
import { writeRows } from '../../sink/open-sink.js';
import { ANSWER_OPTION_SPECS, AnswerOutput } from '../options/output.js';
import { IMAGE, SCAN_OPTION_SPECS, scanOptions } from '../options/scan-options.js';

/** Types of objects that the kernel keeps lists of; others are found by handles alone. */
const LISTED = ['Process', 'Thread'];

/** The types whose tags are selected; null where objects cannot be enumerated. */
async function heldObjects({ objects }: ScanResult, selection: TagSelection): Promise<HeldObjects | null> {
  if (isMissing(objects)) return null;
  const isWanted = tagFilter(selection);
  const held = await (await objects.objects()).held((type) => isWanted(tagOfType(type)));
  return isMissing(held) ? null : held;
}

/** What stands in the row of an object's type, for types of which no object was found. */
function rowsOfNone(result: ScanResult, { types, holdersMissing }: HeldObjects): Row[] {
  return types
    .filter(({ objects }) => objects.length === 0)
    .map(({ name, count }) => {
      const tag = tagOfType(name);
      const handles = holdersMissing === null ? 0 : null;
      return { tag, object_type: name, type_objects: count, handles, ...tagColumns(result.totals, tag) };
    });
}

/** `12 outstanding, 10 found, 2 not explained`, and what may be wrong with it. */
function sum(tag: string, rows: readonly Row[], columns: Row): string {
  const found = BigInt(rows.length);
  const outstanding = columns['tag_outstanding'] as bigint | null;
  if (outstanding === null) return `${tag}: in no table, ${found} found`;
  const difference = outstanding - found;
  const isListed = rows.length > 0 && rows.every(({ object_type: type }) => LISTED.includes(String(type)));
  const unseen = isListed ? '' : ' (objects that no handle leads to are not found)';
  const rest =
    difference >= 0n
      ? `${difference} not explained${difference > 0n ? unseen : ''}`
      : `${-difference} more than outstanding`;
  const mark = tagMark(columns['tag_complete'] ?? null, columns['tag_consistency'] ?? null);
  return `${tag}${mark}: ${outstanding} outstanding, ${found} found, ${rest}`;
}

/** Rows tag by tag, as they come, and a tag without rows in its place. */
async function* tagByTag(
  rows: AsyncIterable<Row> | Iterable<Row>,
  tags: readonly string[],
): AsyncGenerator<readonly [tag: string, rows: readonly Row[]]> {
  let next = 0;
  let ofTag: Row[] = [];
  for await (const row of rows) {
    for (; tags[next] !== row['tag'] && next < tags.length; next++, ofTag = []) yield [tags[next]!, ofTag];
    ofTag.push(row);
  }
  for (; next < tags.length; next++, ofTag = []) yield [tags[next]!, ofTag];
}

/** The objects behind each tag, group by group. */
async function printTags(result: ScanResult, rows: AsyncIterable<Row> | Iterable<Row>, asked: Asked): Promise<void> {
  let isMarked = false;
  for await (const [tag, ofTag] of tagByTag(rows, asked.tags)) {
    const columns = tagColumns(result.totals, tag);
    isMarked ||= tagMark(columns.tag_complete, columns.tag_consistency) !== '';
    process.stdout.write(`${sum(tag, ofTag, columns)}\n`);
    if (ofTag.length === 0) continue;
    await writeRows(HOLDER_GROUPS, await holderGroups(ofTag), await asked.output.open(HOLDER_GROUPS));
  }
  if (isMarked) say(MARK_LEGEND);
}

function tagsOf(types: readonly string[]): string[] {
  return [...new Set(types.map(tagOfType))].sort();
}

function noSuchType(asked: readonly string[], known: readonly string[], missing: string | null): PoolTrackerError {
  const without = missing === null ? '' : ', without handles';
  return usageError(
    `--tag: no type of objects that can be enumerated${without} has such a tag: ${asked.join(', ')}`,
    `types have ${known.map((tag) => `'${tag}'`).join(', ')}; for the tags of drivers try scan --drivers`,
  );
}

/** What is asked of an image's objects. */
interface Asked {
  /** Null where objects cannot be enumerated. */
  readonly held: HeldObjects | null;
  /** Of the types, in order. */
  readonly tags: readonly string[];
  readonly selection: TagSelection;
  readonly output: AnswerOutput;
}

async function answer(result: ScanResult, asked: Asked): Promise<void> {
  const { held, selection, output } = asked;
  const rows = rowsOf(OBJECT_HOLDER, result, selection);
  if (!output.isForReading) return void (await writeRows(OBJECT_HOLDER, rows, await output.open(OBJECT_HOLDER)));
  if (held === null) return;
  if ((selection.tags ?? []).length > 0) return printTags(result, rows, asked);
  const totals = await holderTotals(rows, rowsOfNone(result, held));
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
      const held = await heldObjects(result, selection);
      const missing = await shortfall(OBJECT_HOLDER, result, selection);
      if (missing !== null) warn(held === null ? `objects cannot be enumerated: ${missing}` : missing);
      const tags = tagsOf(held?.types.map(({ name }) => name) ?? []);
      if (held !== null && tags.length === 0) throw noSuchType(options.texts('tag'), tagsOf(held.known), missing);
      await answer(result, { held, tags, selection, output });
    } finally {
      await scan.close();
    }
    return 0;
  },
};
