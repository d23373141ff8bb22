import type { Row } from '../../record/schema/record-type.js';
import { foreign, html, type Html } from '../page/html.js';
import { panel, placeholder, scrolling } from '../page/panel.js';
import { exact, plural, timeText } from '../page/units.js';

/** Ways of listing processes: the column, its heading, and the method's name in `object_count`. */
const WAYS = [
  { column: 'seen_by_psactiveprocesshead', heading: 'List', method: 'PsActiveProcessHead' },
  { column: 'seen_by_pspcidtable', heading: 'Id table', method: 'PspCidTable' },
  { column: 'seen_by_csrss', heading: 'CSRSS', method: 'CSRSS' },
  { column: 'seen_by_sessions', heading: 'Sessions', method: 'Sessions' },
  { column: 'seen_by_handles', heading: 'Handles', method: 'Handles' },
] as const;

/** Both have every running process; the others lack some on every healthy system. */
const COMPLETE_WAYS = WAYS.slice(0, 2);

const SHOWN = 12;

type Way = (typeof WAYS)[number];

function isRunning(row: Row): boolean {
  return row.exit_time === null;
}

/** Ways of which a part could not be read: what they do not show may be on it. */
export function partlyRead(objects: readonly Row[]): Way[] {
  return WAYS.filter(({ method }) =>
    objects.some(
      (row) => row.kind === 'process' && row.method === method && ((row.unreadable as number | null) ?? 0) > 0,
    ),
  );
}

/**
 * Which processes run and are absent from a list that has every running process, and was read whole.
 * @param isInDoubt whether any page may be another: then no list was
 */
export function hiddenAmong(objects: readonly Row[], isInDoubt = false): (row: Row) => boolean {
  const partly: readonly Way[] = isInDoubt ? WAYS : partlyRead(objects);
  const whole = COMPLETE_WAYS.filter((way) => !partly.includes(way));
  return (row) => isRunning(row) && whole.some(({ column }) => row[column] === false);
}

function isDisputed(row: Row): boolean {
  return WAYS.some(({ column }) => row[column] === false);
}

/** The ways that did work: a way that finds none of many did not, whatever it says. */
function workingWays(processes: readonly Row[]): Way[] {
  return WAYS.filter(({ column }) => processes.some((row) => row[column] === true));
}

function reasonOf(objects: readonly Row[], { method }: Way): string {
  const row = objects.find((one) => one.kind === 'process' && one.method === method);
  return (row?.reason as string | null | undefined) ?? 'it found none';
}

function cell(row: Row, way: Way, works: boolean, isPartly: boolean): Html {
  const seen = works ? row[way.column] : null;
  const look = COMPLETE_WAYS.includes(way) ? '' : ' wide-only';
  if (seen === true) return html`<td class="center${look}"><span role="img" aria-label="seen">●</span></td>`;
  if (seen === false) {
    const doubt = COMPLETE_WAYS.includes(way) && isRunning(row) && !isPartly ? 'is-suspect' : 'muted';
    return html`<td class="center${look}"><b class="${doubt}" role="img" aria-label="not seen">✕</b></td>`;
  }
  return html`<td class="center muted${look}"><span role="img" aria-label="not available">–</span></td>`;
}

function stateOf(row: Row, isHidden: (row: Row) => boolean): Html {
  if (!isRunning(row)) return html`<td class="state" title="${timeText(row.exit_time as number)} UTC">ended, held</td>`;
  return isHidden(row)
    ? html`<td class="state"><b class="is-suspect">◆ hidden</b></td>`
    : html`<td class="state">running</td>`;
}

/** Processes that not all ways of listing them agree on. */
export function processLists(
  processes: readonly Row[],
  objects: readonly Row[],
  shortfall: string | null,
  isInDoubt = false,
): Html {
  const heading = { id: 'processes', question: 'Do the ways of listing processes agree?' };
  if (processes.length === 0)
    return panel({
      ...heading,
      answer: 'Not read.',
      body: placeholder(
        'No process was read',
        foreign(shortfall ?? 'no process was found'),
        'Symbols of this kernel (--symbols) may give the layout of its processes.',
      ),
    });
  const isHidden = hiddenAmong(objects, isInDoubt);
  const partly: readonly Way[] = isInDoubt ? WAYS : partlyRead(objects);
  const ways = workingWays(processes);
  const works = (way: Way): boolean => ways.includes(way);
  const disputed = processes
    .filter(isDisputed)
    .filter((row) => ways.some(({ column }) => row[column] === false))
    .sort((a, b) => Number(isHidden(b)) - Number(isHidden(a)) || Number(isRunning(b)) - Number(isRunning(a)));
  const hidden = disputed.filter(isHidden).length;
  const agreeing = processes.length - disputed.length;
  const idle = WAYS.filter((way) => !works(way));
  const row = (one: Row): Html =>
    html`<tr>
      <td class="name">${foreign(one.name as string)}</td>
      <td class="number">${one.pid as number}</td>
      ${WAYS.map((way) => cell(one, way, works(way), partly.includes(way)))}${stateOf(one, isHidden)}
    </tr>`;
  const more = disputed.length - SHOWN;
  const narrow = (way: Way): string => `center${COMPLETE_WAYS.includes(way) ? '' : ' wide-only'}`;
  const answer =
    ways.length < 2
      ? `${plural(processes.length, 'process', 'processes')} found by one way only, so nothing can be compared.`
      : disputed.length === 0
        ? `All ${exact(processes.length)} are seen by every way that works here.`
        : `${exact(disputed.length)} of ${exact(processes.length)} ${disputed.length === 1 ? 'is' : 'are'} not seen by all ways${hidden === 0 ? '; none of them runs and is missing from a list that has all.' : `; ${exact(hidden)} run${hidden === 1 ? 's' : ''} and ${hidden === 1 ? 'is' : 'are'} missing from a list that has all.`}`;
  return panel({
    ...heading,
    answer,
    body: [
      scrolling(
        'Processes that the ways do not agree on',
        html`<table class="dense">
          <thead>
            <tr>
              <th scope="col">Process</th>
              <th scope="col" class="number">PID</th>
              ${WAYS.map((way) => html`<th scope="col" class="${narrow(way)}" title="${way.method}">${way.heading}</th>`)}
              <th scope="col">State</th>
            </tr>
          </thead>
          <tbody>
            ${disputed.slice(0, SHOWN).map(row)}
            <tr class="muted">
              <td class="name">${disputed.length === 0 ? `all ${exact(agreeing)}` : `${exact(agreeing)} others`}</td>
              <td></td>
              ${WAYS.map((way) => html`<td class="${narrow(way)}">${works(way) ? '●' : '–'}</td>`)}
              <td>agree</td>
            </tr>
          </tbody>
        </table>`,
      ),
      more <= 0 ? null : html`<p class="note">and ${exact(more)} more: pool-tracker check lists them.</p>`,
      html`<p class="note">
        ● seen, ✕ not, – not available. CSRSS, Sessions and Handles lack some on every healthy
        system.${partly.length === 0 ? null : html` <b class="is-doubt">◐</b> Read in part, so that what they lack may be there: ${partly.map(({ heading: name }) => name).join(', ')}.`}${idle.length === 0 ? null : html` Not available here: ${idle.map((way, index) => [index === 0 ? '' : '; ', way.heading, ' (', foreign(reasonOf(objects, way)), ')'])}.`}
      </p>`,
    ],
  });
}
