import { BIGPOOL } from '../../record/schema/record-types.js';
import { rowsOf, shortfall } from '../../record/rows/rows.js';
import { type Column, IDENTITY_COLUMNS, KERNEL_COLUMNS, type RecordType } from '../../record/schema/record-type.js';
import { decodeScan } from '../../scan/scan.js';
import { openScan } from '../../scan/open-scan.js';
import { warn } from '../display/say.js';
import type { Command } from '../options/command.js';
import { TAG_OPTION_SPECS } from '../options/common-options.js';
import { writeRows } from '../../sink/open-sink.js';
import { ANSWER_OPTION_SPECS, AnswerOutput } from '../options/output.js';
import { IMAGES, oneImage, PARTS_SPECS, SCAN_OPTION_SPECS } from '../options/scan-options.js';

/** A record type without the columns that are the same in each row, for readable tables. */
function forReading(type: RecordType): RecordType {
  const same = new Set<Column>([...IDENTITY_COLUMNS, ...KERNEL_COLUMNS]);
  return { ...type, columns: type.columns.filter((column) => !same.has(column)) };
}

export const bigpoolCommand: Command = {
  arguments: [IMAGES],
  usage: 'IMAGE [options]',
  options: {
    ...TAG_OPTION_SPECS,
    ...ANSWER_OPTION_SPECS,
    ...PARTS_SPECS,
    ...SCAN_OPTION_SPECS,
  },
  examples: [
    ['pool-tracker bigpool memory.raw', 'every allocation of a page or more, freed ones too'],
    ["pool-tracker bigpool memory.dmp --tag 'MyD?' --json", 'those of one driver, as JSON'],
  ],
  async run(words, options) {
    const output = AnswerOutput.parse(options);
    const selection = { tags: options.texts('tag'), exclude: options.texts('exclude') };
    const image = oneImage(words, options);
    const scan = await openScan(image.location, image.scan);
    try {
      const result = await decodeScan(scan);
      const type = output.isForReading ? forReading(BIGPOOL) : BIGPOOL;
      await writeRows(type, rowsOf(BIGPOOL, result, selection), await output.open(type));
      const missing = await shortfall(BIGPOOL, result);
      if (missing !== null) warn(`big allocations: ${missing}`);
    } finally {
      await scan.close();
    }
    return 0;
  },
};
