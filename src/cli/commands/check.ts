import { type Check, checkResult } from '../../library/check.js';
import { rowsOf } from '../../record/rows/rows.js';
import { OBJECT_COUNT, POOL_TAG } from '../../record/schema/record-types.js';
import type { ScanResult } from '../../scan/scan-result.js';
import type { Row } from '../../record/schema/record-type.js';
import { resultOf } from '../../scan/scan.js';
import { printable } from '../../printable.js';
import { COUNTS_TABLE, countsTable, DIFFERS, DISPUTED_TABLE, disputedRow } from '../display/check-tables.js';
import { foundLine } from '../display/found-line.js';
import { say, warn } from '../display/say.js';
import type { Command } from '../options/command.js';
import { MARK_LEGEND } from '../../record/tag-mark.js';
import { writeRows } from '../../sink/open-sink.js';
import { ANSWER_OPTION_SPECS, AnswerOutput } from '../options/output.js';
import { ALL_SYSTEMS_SPECS, IMAGES, oneImage, PARTS_SPECS, SCAN_OPTION_SPECS } from '../options/scan-options.js';
import { openWanted, systemHeading } from '../options/systems.js';

/** `1300 tags: 1298 consistent, 2 torn, 0 impossible; 74 not complete`. */
function soundness({ image }: Check): string {
  const { tags, tags_consistent, tags_torn, tags_impossible, tags_incomplete } = image;
  return `${tags} tags: ${tags_consistent} consistent, ${tags_torn} torn, ${tags_impossible} impossible; ${tags_incomplete} not complete`;
}

async function print(result: ScanResult, output: AnswerOutput): Promise<void> {
  const check = await checkResult(result);
  const counts = countsTable(check.counts);
  await writeRows(COUNTS_TABLE, counts.rows, await output.open(COUNTS_TABLE));
  if (counts.notes.length > 0)
    process.stdout.write(`\n${counts.notes.map((note, index) => `[${index + 1}] ${printable(note)}\n`).join('')}`);
  const { disputed, unsound } = check;
  if (disputed.length > 0) {
    process.stdout.write('\nProcesses that PsActiveProcessHead and PspCidTable do not agree on:\n');
    await writeRows(DISPUTED_TABLE, disputed.map(disputedRow), await output.open(DISPUTED_TABLE));
  }
  process.stdout.write(`\n${soundness(check)}\n`);
  if (unsound.length === 0) return;
  await writeRows(POOL_TAG, unsound, await output.open(POOL_TAG));
  say(MARK_LEGEND);
}

async function* allCounts(results: readonly ScanResult[]): AsyncGenerator<Row> {
  for (const result of results) yield* rowsOf(OBJECT_COUNT, result);
}

export const checkCommand: Command = {
  arguments: [IMAGES],
  usage: 'IMAGE [options]',
  options: { ...ANSWER_OPTION_SPECS, ...ALL_SYSTEMS_SPECS, ...PARTS_SPECS, ...SCAN_OPTION_SPECS },
  examples: [
    ['pool-tracker check memory.raw', `print what each method found; ${DIFFERS} marks what does not add up`],
    ['pool-tracker check memory.raw --json', 'the object_count records'],
  ],
  async run(words, options) {
    const output = AnswerOutput.parse(options);
    const image = oneImage(words, options);
    const systems = await openWanted(image.location, image.scan, options);
    try {
      const results = await Promise.all(systems.scans.map((scan) => resultOf(scan)));
      if (results[0]!.tables === null) throw results[0]!.outcome.error;
      for (const result of results) {
        if (options.flag('all-systems')) say(systemHeading(result, results.length));
        say(result.tables === null ? result.outcome.error.message : foundLine(result));
        for (const { message } of result.warnings) warn(message);
        if (output.isForReading && result.tables !== null) await print(result, output);
      }
      if (!output.isForReading) await writeRows(OBJECT_COUNT, allCounts(results), await output.open(OBJECT_COUNT));
    } finally {
      await systems.close();
    }
    return 0;
  },
};
