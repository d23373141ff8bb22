import { hex } from '../../address.js';
import { openScan, openSystems, type OpenSystems } from '../../scan/open-scan.js';
import type { ScanOptions } from '../../scan/scan.js';
import type { ScanResult } from '../../scan/scan-result.js';
import type { OptionValues } from './command.js';

/** The scans that a command answers for, and what closes them. */
export async function openWanted(location: string, scan: ScanOptions, options: OptionValues): Promise<OpenSystems> {
  if (options.flag('all-systems')) return openSystems(location, scan);
  const one = await openScan(location, scan);
  return { scans: [one], close: () => one.close() };
}

/** `system 1 of 2, page table root 0x1aa000, 2024-09-01T12:00:00.000Z`: the heading of one system's answer. */
export function systemHeading({ system, kernel }: ScanResult, count: number): string {
  const { location, capturedAt } = kernel;
  const root = location === null ? '' : `, page table root ${hex(location.root)}`;
  return `system ${system} (of ${count})${root}, ${capturedAt?.toISOString() ?? 'time unknown'}`;
}
