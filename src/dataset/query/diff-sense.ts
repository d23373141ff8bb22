import type { Warning } from '../../errors.js';
import type { DiffSubject } from './diff-subject.js';

/**
 * From this share on, counts of allocations that fell tell that another start, or an earlier moment, is looked at:
 * within one start they only rise, but for a few that a smeared image shows wrong.
 */
const FALLEN_SHARE = 0.05;

/** How far two sides can be compared. */
export interface DiffSense {
  /** Why the difference may say nothing; empty where both are states of one start of one machine. */
  readonly warnings: readonly Warning[];
  /** Hours from the first to the second; null where that is not known, or makes no sense. */
  readonly hours: number | null;
}

function time(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('.000Z', 'Z');
}

function hostsDiffer({ host: before }: DiffSubject, { host: after }: DiffSubject): string | null {
  if (before === null || after === null || before === after) return null;
  return `the hosts differ: ${before} and ${after}`;
}

function buildsDiffer(before: DiffSubject, after: DiffSubject): string | null {
  const guidsDiffer = before.kernelGuid !== null && after.kernelGuid !== null && before.kernelGuid !== after.kernelGuid;
  const versionsDiffer =
    before.windowsVersion !== null && after.windowsVersion !== null && before.windowsVersion !== after.windowsVersion;
  // Of one kernel, one image may tell a shorter version than the other.
  if (!guidsDiffer && (!versionsDiffer || (before.kernelGuid !== null && before.kernelGuid === after.kernelGuid)))
    return null;
  const name = ({ windowsVersion, kernelGuid }: DiffSubject): string =>
    `${windowsVersion ?? 'unknown'} (kernel ${kernelGuid ?? 'unknown'})`;
  return `the builds differ: Windows ${name(before)} and ${name(after)}`;
}

/** How many complete tags of both have counts of allocations that fell, of how many that are in both. */
function fallen(before: DiffSubject, after: DiffSubject): readonly [fell: number, common: number] {
  const common = [...before.tags.values()].flatMap((one) => {
    const other = after.tags.get(one.key);
    return other !== undefined && one.complete && other.complete ? [other.allocs < one.allocs] : [];
  });
  return [common.filter(Boolean).length, common.length];
}

function bootsDiffer(before: DiffSubject, after: DiffSubject): string | null {
  const [one, other] = [before.boot, after.boot];
  if (one !== null && other !== null) {
    if (one.kernelBase !== other.kernelBase)
      return `a restart lies between: kernel base ${one.kernelBase} and ${other.kernelBase}`;
    if (one.firstTable !== null && other.firstTable !== null)
      return one.firstTable === other.firstTable
        ? null
        : `a restart lies between: the table of processor 0 is at ${one.firstTable} and ${other.firstTable}`;
  }
  const [fell, common] = fallen(before, after);
  if (fell === 0 || fell < common * FALLEN_SHARE) return null;
  return `${fell} of ${common} counts of allocations fell, which only rise until a restart: another boot, or the order is reversed`;
}

/**
 * Whether two sides are two states of one start of one machine, the first before the second. Only what is known of
 * both is held against each other.
 */
export function senseOf(before: DiffSubject, after: DiffSubject): DiffSense {
  const isSame = before.imageId !== null && before.imageId === after.imageId;
  const elapsed = before.capturedAt === null || after.capturedAt === null ? null : after.capturedAt - before.capturedAt;
  const hosts = hostsDiffer(before, after);
  const builds = buildsDiffer(before, after);
  const isReversed = elapsed !== null && elapsed < 0;
  // Of a later state that comes first, every count has fallen: the order says why.
  const boots =
    builds === null && hosts === null && !(isReversed && before.boot === null) ? bootsDiffer(before, after) : null;
  const order = isReversed
    ? `the second is older than the first: ${time(after.capturedAt!)} is before ${time(before.capturedAt!)}; is the order reversed?`
    : null;
  const found: readonly (readonly [code: string, message: string | null])[] = [
    ['diff-same', isSame ? 'both are the same memory: every count is equal' : null],
    ['diff-hosts', hosts],
    ['diff-builds', builds],
    ['diff-boots', boots],
    ['diff-order', order],
  ];
  const warnings = found.flatMap(([code, message]) => (message === null ? [] : [{ code, message }]));
  return { warnings, hours: warnings.length === 0 && elapsed !== null && elapsed > 0 ? elapsed / 3_600_000 : null };
}

/** `web01, Windows 10.0.22000.1219, 2024-09-29T06:38:15Z`: what one side is of. */
export function subjectName({ name, host, windowsVersion, capturedAt }: DiffSubject): string {
  return [
    name,
    ...(host === null ? [] : [`host ${host}`]),
    `Windows ${windowsVersion ?? 'unknown'}`,
    capturedAt === null ? 'time unknown' : time(capturedAt),
  ].join(', ');
}
