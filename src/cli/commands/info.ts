import { PoolTrackerError } from '../../errors.js';
import type { Row, Value } from '../../record/schema/record-type.js';
import { decodeScan } from '../../scan/scan.js';
import { openScan } from '../../scan/open-scan.js';
import { failedImage } from '../../scan/scan-result.js';
import { noFindings } from '../../scan/walk-scan.js';
import type { Command, OptionValues } from '../options/command.js';
import { IMAGE, SCAN_OPTION_SPECS, scanOptions } from '../options/scan-options.js';

/** Columns that hold JSON in text, with how one element reads. */
const LISTS: Readonly<Record<string, (item: Record<string, unknown>) => string>> = {
  runs: ({ start, length, offset }) =>
    `physical 0x${Number(start).toString(16)}, ${String(length)} bytes, at offset ${String(offset)}`,
  tables: ({ processor, address, pages, pages_missing: missing, entries }) =>
    processor === null
      ? `expansion table at ${String(address)}, ${String(entries)} entries`
      : `${typeof address === 'string' ? `processor ${String(processor)} at ${address}` : `table ${String(processor)}`}, ${String(pages)} pages, ${String(missing)} missing`,
  rejected: ({ what, address, from, reason }) =>
    `${String(what)} ${String(address)} (${String(from)}): ${String(reason)}`,
  warnings: ({ code, message }) => `${String(code)}: ${String(message)}`,
};

function valueText(name: string, value: Value): string {
  if (name === 'captured_at' && typeof value === 'number') return new Date(value).toISOString();
  if (name === 'hash_law_share' && typeof value === 'number') return `${(value * 100).toFixed(1)} %`;
  return String(value);
}

/** `name: value` lines; lists one element a line; what is not known is left out. */
function textOf(row: Row): string {
  const lines: string[] = [];
  for (const [name, value] of Object.entries(row)) {
    if (value === null || value === undefined) continue;
    const element = LISTS[name];
    if (element === undefined) {
      lines.push(`${name.replaceAll('_', ' ')}: ${valueText(name, value)}`);
      continue;
    }
    const items = JSON.parse(String(value)) as Record<string, unknown>[];
    if (items.length > 0) lines.push(`${name}:`, ...items.map((item) => `  ${element(item)}`));
  }
  return `${lines.join('\n')}\n`;
}

/** Exact integers and lists as JSON values, not as text in text. */
function jsonOf(row: Row): string {
  const members = Object.entries(row).map(([name, value]) => {
    const isJson = typeof value === 'string' && (name in LISTS || name === 'labels' || name === 'carve');
    const text =
      isJson || typeof value === 'bigint'
        ? String(value)
        : JSON.stringify(name === 'captured_at' && typeof value === 'number' ? new Date(value) : (value ?? null));
    return `${JSON.stringify(name)}:${text}`;
  });
  return `{${members.join(',')}}\n`;
}

async function print(row: Row, options: OptionValues): Promise<void> {
  await new Promise((resolve) => process.stdout.write(options.flag('json') ? jsonOf(row) : textOf(row), resolve));
}

export const infoCommand: Command = {
  arguments: [IMAGE],
  options: { json: { help: 'as one JSON object' }, ...SCAN_OPTION_SPECS },
  examples: [
    ['pool-tracker info memory.dmp', 'everything that is known of the image'],
    ['pool-tracker info memory.dmp --json | jq -r .kernel_guid', 'one value of it'],
  ],
  async run(words, options) {
    const startedAt = performance.now();
    const asked = scanOptions(options);
    const findings = noFindings();
    try {
      const scan = await openScan(words[0]!, asked, findings);
      const { image } = await decodeScan(scan).finally(() => scan.close());
      await print(image, options);
    } catch (error) {
      if (error instanceof PoolTrackerError && findings.image !== null) {
        await print(
          failedImage({
            path: words[0]!,
            labels: asked.labels ?? {},
            error,
            findings,
            elapsedMs: performance.now() - startedAt,
          }).image,
          options,
        );
      }
      throw error;
    }
    return 0;
  },
};
