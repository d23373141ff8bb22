import { type CounterValues, outstanding } from './counters.js';
import type { TagTotal } from './tag-totals.js';
import type { TrackerLayout } from './tracker-layout.js';

/**
 * Rules by which a kernel makes its own report of the sums (NtQuerySystemInformation, SystemPoolTagInformation).
 *
 *     classic   allocs and frees are cut to 32 bits; where then fewer are allocated than freed, allocs becomes frees
 *     clamped   Windows 11 26H1 (build 28000): counts without a key are added to Ovfl; in each pool, allocs not above
 *               frees makes allocs frees and bytes 0, else bytes not above 0 makes frees allocs and bytes 0; the
 *               expansion table is reported as it is
 */
export type ReportRules = 'classic' | 'clamped';

/** Builds with ExPoolTagTables whose report is known: Windows Vista to 11 25H2; and 26H1. */
const FIRST_CLASSIC = 6000;
const LAST_CLASSIC = 26200;
const FIRST_CLAMPED = 28000;

/** @returns null where the build is unknown, or nobody has looked at how it reports (ExGetPoolTagInfo, ExGetPoolTagInfo2) */
export function reportRules(build: number | null): ReportRules | null {
  if (build === null || build < FIRST_CLASSIC) return null;
  if (build <= LAST_CLASSIC) return 'classic';
  return build >= FIRST_CLAMPED ? 'clamped' : null;
}

/** A total as the kernel itself would report it. What its own counters show (`consistency`) stays. */
export function asReported(total: TagTotal, rules: ReportRules, { countBits }: TrackerLayout): TagTotal {
  const counters = rules === 'classic' ? classic(total.counters) : clamped(total);
  const keyless = total.keyless !== null && rules === 'clamped' ? { ...total.keyless, isCounted: true } : total.keyless;
  return {
    ...total,
    counters,
    keyless,
    nonPagedOutstanding: outstanding(counters[0], counters[1], countBits),
    pagedOutstanding: outstanding(counters[3], counters[4], countBits),
  };
}

function classic([npAllocs, npFrees, npBytes, pAllocs, pFrees, pBytes]: CounterValues): CounterValues {
  const cut = (count: bigint): bigint => BigInt.asUintN(32, count);
  const raised = (allocs: bigint, frees: bigint): bigint => (cut(allocs) < cut(frees) ? cut(frees) : cut(allocs));
  return [raised(npAllocs, npFrees), cut(npFrees), npBytes, raised(pAllocs, pFrees), cut(pFrees), pBytes];
}

function clamped({ counters: own, place, keyless }: TagTotal): CounterValues {
  if (place === 'expansion') return own;
  const sum = (index: number): bigint => BigInt.asIntN(64, own[index]! + (keyless?.counters[index] ?? 0n));
  return [...clampedPool(sum(0), sum(1), sum(2)), ...clampedPool(sum(3), sum(4), sum(5))];
}

/** Counts are compared unsigned, bytes signed. */
function clampedPool(allocs: bigint, frees: bigint, bytes: bigint): readonly [bigint, bigint, bigint] {
  if (BigInt.asUintN(64, allocs) <= BigInt.asUintN(64, frees)) return [frees, frees, 0n];
  return bytes <= 0n ? [allocs, allocs, 0n] : [allocs, frees, bytes];
}
