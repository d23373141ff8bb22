import { convertRecords } from '../../sink/convert-records.js';
import type { Command } from '../options/command.js';
import { requireWords } from '../options/command.js';
import { say } from '../display/say.js';
import { SINK_OPTION_SPECS, sinkOptions } from '../options/output.js';

export const convertCommand: Command = {
  name: 'convert',
  usage: 'IN OUT [options]',
  summary: 'write the records of one file in another format',
  options: {
    'input-format': { type: 'string', value: 'FORMAT', help: 'format of IN, where its ending does not tell' },
    format: { type: 'string', value: 'FORMAT', help: 'format of OUT, where its ending does not tell' },
    quiet: { type: 'boolean', short: 'q', help: 'say nothing but errors' },
    ...SINK_OPTION_SPECS,
  },
  examples: [
    ['pool-tracker convert tags.ndjson tags.parquet', 'into Parquet'],
    ['pool-tracker convert tags.parquet - --format csv', 'into a pipe'],
  ],
  async run(words, options) {
    requireWords(words, 'IN OUT', 2);
    requireWords(words.slice(1), 'OUT');
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
