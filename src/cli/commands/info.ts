import type { PoolTrackerError, Warning } from '../../errors.js';
import { printable } from '../../printable.js';
import type { Run } from '../../image/run-list.js';
import type { CheckedFact, Rejection } from '../../kernel/root/root.js';
import type { DoubtSummary } from '../../pool/proof/proof.js';
import { type ImageColumns, imageColumns, type ListedSystem, type ListedTable } from '../../record/rows/rows.js';
import { tryOpenScan } from '../../scan/open-scan.js';
import { resultOf } from '../../scan/scan.js';
import type { ScanResult } from '../../scan/scan-result.js';
import type { Command, OptionValues } from '../options/command.js';
import { ALL_SYSTEMS_SPECS, IMAGES, oneImage, PARTS_SPECS, SCAN_OPTION_SPECS } from '../options/scan-options.js';
import { openWanted } from '../options/systems.js';

function runText({ start, length, offset }: Run): string {
  return `physical 0x${start.toString(16)}, ${length} bytes, at offset ${offset}`;
}

function tableText({ processor, address, pages, pages_missing: missing, entries }: ListedTable): string {
  if (entries !== undefined) return `expansion table at ${address}, ${entries} entries`;
  const unplaced = processor === null ? "another processor's table" : `table ${processor}`;
  const which = address === undefined ? unplaced : `processor ${processor} at ${address}`;
  return `${which}, ${pages} pages, ${missing} missing`;
}

/** The facts that did not hold are in the reason. */
function rejectionText({ what, address, from, reason, facts = [] }: Rejection): string {
  const kept = facts.filter(({ outcome }) => outcome === 'held').map(({ fact }) => fact);
  return `${what} ${address} (${from}): ${reason}${kept.length === 0 ? '' : `; held: ${kept.join(', ')}`}`;
}

function factText({ fact, outcome, detail }: CheckedFact): string {
  return `${fact} ${outcome}: ${detail}`;
}

function systemText({ page_table_root, kernel_base, kernel_guid, system_time }: ListedSystem): string {
  return `page table root ${page_table_root}, kernel at ${kernel_base} (${kernel_guid ?? 'PDB unknown'}), ${system_time}`;
}

function doubtText({ code, count, message, slots, table }: DoubtSummary): string {
  const ranges = slots?.map(([first, last]) => `${first}-${last}`).join(' ');
  const where = ranges === undefined ? (table === undefined ? 'every tag' : 'the expansion table') : `slots ${ranges}`;
  return `${code}: ${message}${count === 1 ? '' : `; ${count} of this kind`} (${where})`;
}

function warningText({ code, message }: Warning): string {
  return `${code}: ${message}`;
}

/** The elements of list columns, one per line. */
function listedLines(columns: ImageColumns): Readonly<Record<string, readonly string[]>> {
  return {
    runs: columns.runs?.map(runText) ?? [],
    tables: columns.tables?.map(tableText) ?? [],
    rejected: columns.rejected.map(rejectionText),
    warnings: columns.warnings.map(warningText),
    other_systems: columns.other_systems?.map(systemText) ?? [],
    facts: columns.facts?.map(factText) ?? [],
    doubts: columns.doubts?.map(doubtText) ?? [],
  };
}

function valueText(name: string, value: NonNullable<ImageColumns[string]>): string {
  if (name === 'captured_at' && typeof value === 'number') return new Date(value).toISOString();
  if (name === 'hash_law_share' && typeof value === 'number') return `${(value * 100).toFixed(1)} %`;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** `name: value` lines; lists have one element per line; unknown values are omitted. */
function textOf(columns: ImageColumns): string {
  const lists = listedLines(columns);
  const lines = Object.entries(columns).flatMap(([name, value]) => {
    const items = lists[name];
    if (items !== undefined) return items.length === 0 ? [] : [`${name}:`, ...items.map((item) => `  ${item}`)];
    return value == null ? [] : [`${name.replaceAll('_', ' ')}: ${valueText(name, value)}`];
  });
  return `${lines.map(printable).join('\n')}\n`;
}

/** One object with exact integers, which JSON.stringify does not support. */
function jsonOf(columns: ImageColumns): string {
  const members = Object.entries(columns).map(([name, value]) => {
    const isTime = name === 'captured_at' && typeof value === 'number';
    const text = typeof value === 'bigint' ? String(value) : JSON.stringify(isTime ? new Date(value) : (value ?? null));
    return `${JSON.stringify(name)}:${text}`;
  });
  return `{${members.join(',')}}\n`;
}

async function print(result: ScanResult, options: OptionValues): Promise<void> {
  const columns = imageColumns(result);
  const text = options.flag('json') ? jsonOf(columns) : textOf(columns);
  await new Promise((resolve) => process.stdout.write(text, resolve));
}

async function infoOfOne(words: readonly string[], options: OptionValues): Promise<number> {
  const image = oneImage(words, options);
  const scan = await tryOpenScan(image.location, image.scan);
  const result = await resultOf(scan).finally(() => ('outcome' in scan ? undefined : scan.close()));
  const { container, outcome } = result;
  // For a scan that failed before a container was opened, only the error is reported.
  if (outcome.status !== 'failed' || container !== null) await print(result, options);
  if (outcome.status === 'failed') throw outcome.error;
  return 0;
}

/** One answer a system, the running one first; a blank line between them, or one JSON object a line. */
async function infoOfAll(words: readonly string[], options: OptionValues): Promise<number> {
  const image = oneImage(words, options);
  const systems = await openWanted(image.location, image.scan, options);
  try {
    const failures: PoolTrackerError[] = [];
    for (const [index, scan] of systems.scans.entries()) {
      if (index > 0 && !options.flag('json')) process.stdout.write('\n');
      const result = await resultOf(scan);
      await print(result, options);
      if (index === 0 && result.outcome.status === 'failed') failures.push(result.outcome.error);
    }
    if (failures[0] !== undefined) throw failures[0];
    return 0;
  } finally {
    await systems.close();
  }
}

export const infoCommand: Command = {
  arguments: [IMAGES],
  usage: 'IMAGE [options]',
  options: { json: { help: 'as one JSON object' }, ...ALL_SYSTEMS_SPECS, ...PARTS_SPECS, ...SCAN_OPTION_SPECS },
  examples: [
    ['pool-tracker info memory.dmp', 'everything that is known of the image'],
    ['pool-tracker info memory.dmp --json | jq -r .kernel_guid', 'one value of it'],
  ],
  run(words, options) {
    return options.flag('all-systems') ? infoOfAll(words, options) : infoOfOne(words, options);
  },
};
