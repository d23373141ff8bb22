import { convertRecords } from '../../sink/convert-records.js';
import { say } from '../display/say.js';
import type { Command } from '../options/command.js';
import { QUIET_OPTION_SPECS } from '../options/common-options.js';
import { fixedLabels, LABEL_SPEC } from '../options/scan-options.js';
import { SINK_OPTION_SPECS, sinkOptions } from '../options/output.js';

export const convertCommand: Command = {
  arguments: [
    {
      name: 'IN',
      help: 'a file of records, or - for standard input; or a log of a live machine (.log .txt .csv): of poolmon, of !poolused, or a simple CSV',
    },
    { name: 'OUT', help: 'the file to write, or - for standard output' },
  ],
  options: {
    'input-format': { value: 'FORMAT', help: 'format of IN, where its ending does not tell' },
    format: { value: 'FORMAT', help: 'format of OUT, where its ending does not tell' },
    label: LABEL_SPEC,
    'captured-at': {
      value: 'TIME',
      help: 'when a log was taken, in UTC: 2026-01-31T12:00:00Z; else when its file was last written',
    },
    ...QUIET_OPTION_SPECS,
    ...SINK_OPTION_SPECS,
  },
  examples: [
    ['pool-tracker convert tags.ndjson tags.parquet', 'into Parquet'],
    ['pool-tracker convert tags.parquet - --format csv', 'into a pipe'],
    ['pool-tracker convert poolmon.log live.parquet --label host=web01', 'what poolmon -n wrote, as pool_tag_live'],
  ],
  async run(words, options) {
    const inputFormat = options.text('input-format');
    const format = options.text('format');
    const capturedAt = options.time('captured-at');
    const { recordType, records } = await convertRecords(words[0]!, words[1]!, {
      ...sinkOptions(options),
      ...(inputFormat === undefined ? {} : { inputFormat }),
      ...(format === undefined ? {} : { format }),
      origin: { labels: fixedLabels(options), ...(capturedAt === undefined ? {} : { capturedAt }) },
    });
    if (!options.flag('quiet')) say(`${records} ${recordType.name} records`);
    return 0;
  },
};
