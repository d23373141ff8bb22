import { say, warn } from '../display/say.js';
import { foundLine } from '../display/found-line.js';
import { ProgressLine } from '../display/say.js';
import { writeReport } from '../../report/report.js';
import type { DecodedScan } from '../../scan/scan-result.js';
import type { TagNaming } from '../../record/rows/rows.js';
import { type Command, usageError } from '../options/command.js';
import { QUIET_OPTION_SPECS } from '../options/common-options.js';
import { knownTags, NAMING_OPTION_SPECS, tagNaming } from '../options/naming-options.js';
import { SINK_OPTION_SPECS } from '../options/output.js';
import { SCAN_OPTION_SPECS, scanOptions } from '../options/scan-options.js';

const { pooltag, drivers } = NAMING_OPTION_SPECS as Required<typeof NAMING_OPTION_SPECS>;

export const reportCommand: Command = {
  arguments: [
    { name: 'IMAGE|DATASET', help: 'a memory image as scan takes it, or a directory that batch has written' },
  ],
  options: {
    output: {
      short: 'o',
      value: 'FILE',
      help: 'write the page to FILE, as report.html, or - for standard output',
    },
    force: SINK_OPTION_SPECS.force!,
    title: { value: 'TEXT', help: 'the heading of the page; by default the name of the image or dataset' },
    pooltag: pooltag!,
    drivers: drivers!,
    ...QUIET_OPTION_SPECS,
    ...SCAN_OPTION_SPECS,
  },
  examples: [
    [
      'pool-tracker report memory.dmp -o report.html',
      'one file for a browser: who holds the memory, what may be wrong',
    ],
    ['pool-tracker report memory.dmp -o report.html --drivers drivers/', 'with names for the tags that are on no list'],
    ['pool-tracker report lake -o fleet.html', 'which hosts are odd, and what grows'],
  ],
  async run(words, options) {
    const output = options.text('output');
    if (output === undefined || output === '')
      throw usageError('report: no output is named', '-o report.html, or -o - for standard output');
    const quiet = options.flag('quiet');
    const known = await knownTags(options);
    const progress = new ProgressLine();
    const naming = (result: DecodedScan): Promise<TagNaming> => {
      progress.end();
      if (!quiet) {
        say(foundLine(result));
        for (const { message } of result.warnings) warn(message);
      }
      return tagNaming(known, result, options);
    };
    const title = options.text('title');
    try {
      await writeReport(words[0]!, output === '-' ? process.stdout : output, {
        ...scanOptions(options),
        ...(quiet ? {} : { onProgress: progress.show }),
        ...(title === undefined ? {} : { title }),
        force: options.flag('force'),
        naming,
      });
    } finally {
      progress.end();
    }
    return 0;
  },
};
