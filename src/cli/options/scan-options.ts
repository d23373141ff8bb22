import { LOCATE_WAYS } from '../../pool/locate/locate.js';
import { SCAN_METHODS, type ScanOptions } from '../../scan/scan.js';
import type { OptionSpec, OptionValues } from './command.js';
import { parseChoice, parseCount, parseLabels } from './command.js';

/** The options of every command that opens images. */
export const SCAN_OPTION_SPECS: Readonly<Record<string, OptionSpec>> = {
  'image-format': { type: 'string', value: 'FORMAT', help: 'read the image as this format, without asking the probes' },
  spool: {
    type: 'string',
    value: 'DIR',
    help: 'keep an image that comes as a stream (compressed, or from a pipe) in a temporary sparse file in DIR, to walk it',
  },
  method: {
    type: 'string',
    value: 'METHOD',
    help: 'how the tables are found: walk (page tables), carve (every page is looked at; works on streams and fragments), or auto: walk when that can be, else carve',
  },
  threads: {
    type: 'string',
    value: 'N',
    help: 'threads that look at pages when carving, beside the one that reads; 0 for none',
  },
  locate: { type: 'string', value: 'WAY', help: `locate the tables this way only: ${LOCATE_WAYS.join(', ')}` },
  symbols: { type: 'string', value: 'PATH', help: 'a Volatility 3 symbol file (ISF), or a directory of them' },
  'no-cache': { type: 'boolean', help: 'neither read nor keep what symbol files resolve to' },
  label: {
    type: 'string',
    multiple: true,
    value: 'KEY=VALUE',
    help: 'a label for every record; host=NAME fills the column host',
  },
};

export function scanOptions(options: OptionValues): ScanOptions {
  const imageFormat = options.text('image-format');
  const spool = options.text('spool');
  const symbols = options.text('symbols');
  const locate = parseChoice('locate', options.text('locate'), LOCATE_WAYS);
  const method = parseChoice('method', options.text('method'), SCAN_METHODS);
  const threads = parseCount('threads', options.text('threads'), 0);
  return {
    labels: parseLabels(options.texts('label')),
    cache: !options.flag('no-cache'),
    ...(imageFormat === undefined ? {} : { imageFormat }),
    ...(spool === undefined ? {} : { spool }),
    ...(symbols === undefined ? {} : { symbols }),
    ...(method === undefined ? {} : { method }),
    ...(threads === undefined ? {} : { threads }),
    ...(locate === undefined ? {} : { locate }),
  };
}
