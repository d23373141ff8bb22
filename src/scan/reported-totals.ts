import { PoolTrackerError } from '../errors.js';
import { asReported, reportRules } from '../pool/table/as-reported.js';
import type { TagTotal } from '../pool/table/tag-totals.js';
import type { ScanResult } from './scan-result.js';

/**
 * The totals as this kernel's own report would give them to who asks it (`asReported`); none where the scan failed.
 * @throws PoolTrackerError REPORT_UNKNOWN where the build is unknown or its report is
 */
export function reportedTotals({ kernel, tables, totals, path }: ScanResult): TagTotal[] {
  if (tables === null) return [];
  const build = /^\d+\.\d+\.(\d+)/.exec(kernel.version ?? '')?.[1];
  const rules = reportRules(build === undefined ? null : Number(build));
  if (rules === null) {
    throw new PoolTrackerError(
      'REPORT_UNKNOWN',
      `${path}: how this kernel reports its counts is not known: expected a build from 6000 to 26200, or from 28000 on, found ${kernel.version ?? 'no version'}`,
      { hint: 'without --as-reported, the plain sums are given' },
    );
  }
  return totals.map((total) => {
    const reported = asReported(total, rules, tables.layout);
    // Carving cannot prove the page of an overflow slot without a key.
    const isUnproved = reported.keyless?.isCounted === true && tables.locatedBy === 'carve';
    return isUnproved ? { ...reported, complete: false } : reported;
  });
}
