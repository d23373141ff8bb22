import { hex } from '../address.js';
import { PoolTrackerError } from '../errors.js';
import { decodeScan } from '../scan/decode-scan.js';
import { openScan } from '../scan/open-scan.js';
import type { Row } from '../record/record-type.js';
import type { Command } from './command.js';
import { requireWords } from './option-values.js';
import { SCAN_OPTION_SPECS, scanOptions } from './scan-options.js';

export const infoCommand: Command = {
  name: 'info',
  usage: 'IMAGE [options]',
  summary: 'tell what an image is, how its kernel and tables were found, and what was rejected',
  options: { json: { type: 'boolean', help: 'the image record as JSON' }, ...SCAN_OPTION_SPECS },
  examples: [['pool-tracker info memory.dmp', 'everything that is known of the image'], ['pool-tracker info memory.dmp --json | jq .kernel_guid', 'one value of it']],
  async run(words, options) {
    requireWords(words, 'IMAGE', 1);
    const scan = await openScan(words[0]!, scanOptions(options));
    const { image } = await decodeScan(scan).finally(() => scan.close());
    process.stdout.write(options.flag('json') ? `${json(image)}\n` : text(image));
    return 0;
  },
};
void hex; void PoolTrackerError;
function json(row: Row): string { return JSON.stringify(row, (_key, value: unknown) => (typeof value === 'bigint' ? Number(value) : value)); }
function text(row: Row): string { return Object.entries(row).map(([k, v]) => `${k}: ${String(v)}\n`).join(''); }
