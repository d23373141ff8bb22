import { countOf, type LiveCounts, type LiveTag, type NumberedLine, type Snapshot, sumOf } from './snapshot.js';

/** The second line of headings: outstanding allocations and bytes of both pools, or with flag 1 all counts of both. */
export const POOLUSED_HEADINGS = /^\s*Tag\s+Allocs(?:\s+Frees\s+Diff)?\s+Used\s+Allocs(?:\s+Frees\s+Diff)?\s+Used\s*$/;

/** The tag has four columns after a blank; where a copy has lost blanks, it is what stands before the counts. */
const LINE = /^(?: (.{4})|\s*(\S(?:.{0,3}?)))\s+((?:-?\d{1,20}\s+){3}(?:(?:-?\d{1,20}\s+){4})?-?\d{1,20})(?:\s+(.*))?$/;

interface Columns {
  readonly nonPaged: LiveCounts;
  readonly paged: LiveCounts;
}

/** The four columns of the short form, or the eight of the long one. */
function columnsOf(numbers: readonly string[], isVerbose: boolean): Columns | null {
  const half = isVerbose ? 4 : 2;
  if (numbers.length !== 2 * half) return null;
  const [nonPaged, paged] = [numbers.slice(0, half), numbers.slice(half)].map((texts): LiveCounts => {
    const [first = null, ...rest] = texts.map(countOf);
    const [frees = null, outstanding = null, bytes = null] = rest;
    // The short form calls what is in use "Allocs".
    return isVerbose
      ? { allocs: first, frees, outstanding, bytes }
      : { allocs: null, frees: null, outstanding: first, bytes: rest[0] ?? null };
  });
  return { nonPaged: nonPaged!, paged: paged! };
}

/** `ACPI arbiter data , Binary: acpi.sys`; a tag on no list is said to be unknown. */
function known(text: string | undefined): Pick<LiveTag, 'driver' | 'description'> {
  if (text === undefined || text.trim() === '' || /^UNKNOWN pooltag\b/i.test(text))
    return { driver: null, description: null };
  const [, description, driver] = /^(.*?)\s*,\s*Binary:\s*(.*)$/.exec(text) ?? [undefined, text, ''];
  return { driver: driver!.trim() || null, description: description!.trim() || null };
}

function agrees(tags: readonly LiveTag[], total: Columns): boolean {
  return (['nonPaged', 'paged'] as const).every((pool) =>
    (['allocs', 'frees', 'outstanding', 'bytes'] as const).every((count) => {
      const shown = total[pool][count];
      return shown === null || shown === sumOf(tags.map((tag) => tag[pool][count]));
    }),
  );
}

/**
 * Snapshots of WinDbg's !poolused, with any flags. The line TOTAL is held against the sums: a display that was stopped
 * shows a part of the tags, and no total.
 * Facts: !poolused in Microsoft's documentation of the debuggers.
 *
 * @param malformed gets the numbers of lines that are no tag's
 */
export function poolusedSnapshots(lines: readonly NumberedLine[], malformed: number[]): Snapshot[] {
  const snapshots: Snapshot[] = [];
  let tags: LiveTag[] | null = null;
  let isVerbose = false;
  const end = (isWhole: boolean): void => {
    if (tags !== null) snapshots.push({ tags, isWhole, capturedAt: null, host: null });
    tags = null;
  };
  for (const [text, number] of lines) {
    if (POOLUSED_HEADINGS.test(text)) {
      end(false);
      tags = [];
      isVerbose = /Frees/.test(text);
      continue;
    }
    const current = tags as LiveTag[] | null;
    if (current === null || text.trim() === '') continue;
    const total = /^\s*TOTAL\s+(.*)$/.exec(text);
    const [, wide, narrow, numbers, rest] = LINE.exec(text) ?? [];
    const columns = columnsOf((total?.[1] ?? numbers ?? '').trim().split(/\s+/), isVerbose);
    if (columns === null) malformed.push(number);
    else if (total !== null) end(agrees(current, columns));
    else current.push({ tag: (wide ?? narrow!).trimEnd(), ...columns, ...known(rest) });
  }
  end(false);
  return snapshots;
}
