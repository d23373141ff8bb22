import { LOCATE_WAYS } from '../pool/locate-tables.js';
import type { ScanOptions } from '../scan/scan-options.js';
import type { OptionSpec, OptionValues } from './command.js';
import { parseChoice, parseLabels } from './option-values.js';

/** The options of every command that opens images. */
export const SCAN_OPTION_SPECS: Readonly<Record<string, OptionSpec>> = {
  'image-format': { type: 'string', value: 'FORMAT', help: 'read the image as this format, without asking the probes' },
  spool: { type: 'string', value: 'DIR', help: 'keep an image that comes as a stream (compressed, or from a pipe) in a temporary sparse file in DIR, to walk it' },
  locate: { type: 'string', value: 'WAY', help: `locate the tables this way only: ${LOCATE_WAYS.join(', ')}` },
  symbols: { type: 'string', value: 'PATH', help: 'a Volatility 3 symbol file (ISF), or a directory of them' },
  'no-cache': { type: 'boolean', help: 'neither read nor keep what symbol files resolve to' },
  label: { type: 'string', multiple: true, value: 'KEY=VALUE', help: 'a label for every record; host=NAME fills the column host' },
};

export function scanOptions(options: OptionValues): ScanOptions {
  const imageFormat = options.text('image-format');
  const spool = options.text('spool');
  const symbols = options.text('symbols');
  const locate = parseChoice('locate', options.text('locate'), LOCATE_WAYS);
  return {
    labels: parseLabels(options.texts('label')),
    cache: !options.flag('no-cache'),
    ...(imageFormat === undefined ? {} : { imageFormat }),
    ...(spool === undefined ? {} : { spool }),
    ...(symbols === undefined ? {} : { symbols }),
    ...(locate === undefined ? {} : { locate }),
  };
}
