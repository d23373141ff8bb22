import { type Capture, takenAt } from './facts.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Widths of a column that people think in. */
const WIDTHS = [
  [MINUTE, 'a minute'],
  [5 * MINUTE, '5 minutes'],
  [15 * MINUTE, '15 minutes'],
  [HOUR, 'an hour'],
  [2 * HOUR, '2 hours'],
  [3 * HOUR, '3 hours'],
  [6 * HOUR, '6 hours'],
  [12 * HOUR, '12 hours'],
  [DAY, 'a day'],
  [7 * DAY, 'a week'],
  [28 * DAY, 'four weeks'],
  [364 * DAY, 'a year'],
] as const;
const MAX_SLOTS = 60;

/** Stretches of time of the same width, as columns. */
export interface Slots {
  readonly count: number;
  /** What a column is, in a sentence. */
  readonly about: string;
  indexOf(time: number): number;
  /** At most so many labels: `1 Mar`, or hours where the columns are within one day. */
  labels(most: number): { readonly slot: number; readonly label: string }[];
}

export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}

/** The usual time from one capture of a host to its next. */
function usualGap(captures: readonly Capture[]): number {
  const gaps: number[] = [];
  for (let index = 1; index < captures.length; index++) {
    const [before, after] = [captures[index - 1]!, captures[index]!];
    const [from, to] = [takenAt(before), takenAt(after)];
    if (before.host === after.host && from !== null && to !== null && to > from) gaps.push(to - from);
  }
  return medianOf(gaps);
}

/**
 * Columns as wide as the usual time between two captures of a host, so that each has its own; wider where there would be
 * too many.
 * @param captures by host and time
 */
export function timeSlots(captures: readonly Capture[]): Slots {
  const times = captures.map(takenAt).filter((time) => time !== null);
  if (times.length === 0) return { count: 0, about: 'No capture has a time.', indexOf: () => 0, labels: () => [] };
  const [first, last] = times.reduce(
    ([min, max], time) => [Math.min(min, time), Math.max(max, time)],
    [Infinity, -Infinity],
  );
  const gap = usualGap(captures);
  const fits = ([width]: (typeof WIDTHS)[number]): boolean =>
    Math.floor(last / width) - Math.floor(first / width) < MAX_SLOTS;
  const wanted =
    WIDTHS.findLast(([width]) => width <= gap * 1.02 && fits([width, ''] as never)) ??
    WIDTHS.find(fits) ??
    WIDTHS.at(-1)!;
  const [width, name] = wanted;
  const start = Math.floor(first / width);
  const indexOf = (time: number): number => Math.min(MAX_SLOTS * 2, Math.floor(time / width) - start);
  const count = Math.min(MAX_SLOTS * 2, indexOf(last)) + 1;
  return {
    count,
    about: `A column is ${name}; of several captures the last one is shown.`,
    indexOf,
    labels(most) {
      const label = (slot: number): string => slotLabel((start + slot) * width, width, last - first);
      const slots = Array.from({ length: count }, (_, slot) => slot).filter(
        (slot) => slot === 0 || label(slot) !== label(slot - 1),
      );
      const every = Math.ceil(slots.length / most);
      return slots.filter((_, index) => index % every === 0).map((slot) => ({ slot, label: label(slot) }));
    },
  };
}

function slotLabel(time: number, width: number, span: number): string {
  const date = new Date(time);
  if (span < DAY && width < DAY) return date.toISOString().slice(11, 16);
  const month = date.toLocaleString('en', { month: 'short', timeZone: 'UTC' });
  return span > 364 * DAY ? `${month} ${date.getUTCFullYear()}` : `${date.getUTCDate()} ${month}`;
}
