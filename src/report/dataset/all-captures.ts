import type { TableColumn, TableData, TableMark } from '../page/cells.js';
import { type Html } from '../page/html.js';
import { panel, placeholder } from '../page/panel.js';
import { exactValue, sortedTable } from '../page/sorted-table.js';
import { exact, plural } from '../page/units.js';
import { type Capture, type DatasetFacts } from './facts.js';

const COLUMNS: readonly TableColumn[] = [
  { title: 'Host', kind: 'name', csv: 'host', isNarrow: true, isSearched: true },
  { title: 'Captured, UTC', kind: 'time', csv: 'captured_at', isNarrow: true },
  { title: 'State', kind: 'state', csv: 'status', isNarrow: true, isSearched: true },
  { title: 'Windows', kind: 'name', csv: 'windows_version', isSearched: true },
  { title: 'Nonpaged KiB', kind: 'kib', csv: 'nonpaged_bytes' },
  { title: 'Paged KiB', kind: 'kib', csv: 'paged_bytes' },
  { title: 'Tags', kind: 'count', csv: 'tags' },
  { title: 'Pages missing', kind: 'count', csv: 'pages_missing' },
  { title: 'Image, and why it is not whole', kind: 'text', csv: 'image', isSearched: true, isScreenOnly: true },
];
const MARKS: readonly TableMark[] = [
  { label: 'incomplete', sign: '◐', look: 'doubt' },
  { label: 'failed', sign: '✕', look: 'failed' },
  { label: 'restarted', sign: '↻' },
];
const [DOUBTFUL, FAILED, RESTARTED] = [1, 2, 4];
/** Indices of the marks that the verdict links to. */
export const [INCOMPLETE_MARK, FAILED_MARK] = [0, 1];

const STATES: readonly Capture['state'][] = ['failed', 'incomplete', 'whole'];

function marksOf({ state, isAfterRestart }: Capture): number {
  return (state === 'incomplete' ? DOUBTFUL : 0) | (state === 'failed' ? FAILED : 0) | (isAfterRestart ? RESTARTED : 0);
}

/** In the order of the table: those that are not whole first. */
export function tableOrder(captures: readonly Capture[]): Capture[] {
  return [...captures].sort((a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state));
}

function whyOf({ path, why, errorCode, timeFrom }: Capture): string {
  const from = timeFrom === 'file' ? ' (the time is that of the file)' : '';
  return why === null ? path : `${path}: ${why}${errorCode === null ? '' : ` (${errorCode})`}${from}`;
}

function tableOf(captures: readonly Capture[]): TableData {
  return {
    columns: COLUMNS,
    marks: MARKS,
    sortedBy: 2,
    summed: null,
    unsummed: null,
    rows: tableOrder(captures).map((capture) => [
      capture.host,
      capture.time,
      capture.state,
      capture.version,
      capture.nonpaged === null ? null : exactValue(capture.nonpaged),
      capture.paged === null ? null : exactValue(capture.paged),
      capture.tags,
      capture.pagesMissing,
      whyOf(capture),
      marksOf(capture),
    ]),
  };
}

/** Every capture, those that are not whole first. */
export function allCaptures({ captures, captureCount }: DatasetFacts): Html {
  const isAll = captures.length === captureCount;
  return panel({
    id: 'captures',
    question: isAll
      ? `All ${plural(captures.length, 'capture')}`
      : `${exact(captures.length)} of ${plural(captureCount, 'capture')}`,
    answer: `Those that are not whole come first${isAll ? '' : ', then the latest; pool-tracker query has them all'}. Sums are of whole captures only. The filter takes * and ? for hosts, or any text; / goes to it, Esc empties it.`,
    body:
      captures.length === 0
        ? placeholder('No capture', 'The dataset has no image record.')
        : sortedTable(tableOf(captures), { name: 'All captures', filter: 'Filter: host01, 22000 …  ( / )' }),
  });
}
