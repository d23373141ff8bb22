import { convertRecords } from '../../sink/convert-records.js';
import { say } from '../display/say.js';
import type { Command } from '../options/command.js';
import { QUIET_OPTION_SPECS } from '../options/common-options.js';
import { SINK_OPTION_SPECS, sinkOptions } from '../options/output.js';

export const convertCommand: Command = {
  arguments: [
    { name: 'IN', help: 'a file of records, or - for standard input' },
    { name: 'OUT', help: 'the file to write, or - for standard output' },
  ],
  options: {
    'input-format': { value: 'FORMAT', help: 'format of IN, where its ending does not tell' },
    format: { value: 'FORMAT', help: 'format of OUT, where its ending does not tell' },
    ...QUIET_OPTION_SPECS,
    ...SINK_OPTION_SPECS,
  },
  examples: [
    ['pool-tracker convert tags.ndjson tags.parquet', 'into Parquet'],
    ['pool-tracker convert tags.parquet - --format csv', 'into a pipe'],
  ],
  async run(words, options) {
    const inputFormat = options.text('input-format');
    const format = options.text('format');
    const { recordType, records } = await convertRecords(words[0]!, words[1]!, {
      ...sinkOptions(options),
      ...(inputFormat === undefined ? {} : { inputFormat }),
      ...(format === undefined ? {} : { format }),
    });
    if (!options.flag('quiet')) say(`${records} ${recordType.name} records`);
    return 0;
  },
};
