import { chart, CHAR, color, FONT, type Room } from '../chart/chart.js';
import { cell, type PlotOptions, text } from '../chart/plot.js';
import { type Html, shortened } from '../page/html.js';
import { type LegendEntry, panel, placeholder } from '../page/panel.js';
import { bytesText, plural, timeText } from '../page/units.js';
import { buildOf, byName, type Capture, type DatasetFacts, oddHosts, takenAt } from './facts.js';
import { medianOf, type Slots, timeSlots } from './time-slots.js';

const MAX_HOSTS = 60;
const ROW_HEIGHT = 22;
/** At most so strong, that text on it can be read. */
const MAX_OPACITY = 0.54;
const WORDS = 3;
const NO_TIME = -1;

const LEGEND: readonly LegendEntry[] = [
  { look: 'less', text: 'twice as much, or more' },
  { look: 'more', text: 'half' },
  { look: 'ink', sign: '↻', text: 'restarted' },
  { look: 'ink', sign: '▲', text: 'new build' },
  { look: 'doubt', sign: '◐', text: 'incomplete' },
  { look: 'failed', sign: '✕', text: 'failed' },
];

/** A host's cell: what was captured in a stretch of time. */
interface Cell {
  readonly host: string;
  readonly slot: number;
  readonly sign: string;
  readonly look: 'whole' | 'doubt' | 'failed';
  /** Times the median of its build; null where the capture is not whole. */
  readonly ratio: number | null;
  readonly told: string;
}

function total({ nonpaged, paged }: Capture): bigint | null {
  return nonpaged === null || paged === null ? null : nonpaged + paged;
}

/** The median of the whole captures' bytes, build by build. */
function medians(captures: readonly Capture[]): Map<string, number> {
  const sums = new Map<string, number[]>();
  for (const capture of captures) {
    const bytes = total(capture);
    if (bytes === null || capture.version === null) continue;
    sums.set(capture.version, [...(sums.get(capture.version) ?? []), Number(bytes)]);
  }
  return new Map([...sums].map(([version, all]) => [version, medianOf(all)]));
}

function signOf(capture: Capture, before: Capture | undefined): string {
  if (capture.state === 'failed') return '✕';
  if (capture.state === 'incomplete') return '◐';
  const isNew = before?.version !== undefined && before.version !== null && before.version !== capture.version;
  return isNew ? '▲' : capture.isAfterRestart ? '↻' : '';
}

function toldOf(capture: Capture, ratio: number | null): string {
  const [bytes, time] = [total(capture), takenAt(capture)];
  return [
    `${shortened(capture.host, 40)}, ${time === null ? 'time not known' : `${timeText(time, true)} UTC`}`,
    bytes === null
      ? `${capture.state}: no sum`
      : `${bytesText(bytes)}${ratio === null ? '' : `, ${ratio.toFixed(2)} × the median of its build`}`,
  ].join('\n');
}

function cellsOf(captures: readonly Capture[], slots: Slots): Cell[] {
  const median = medians(captures);
  const cells = new Map<string, Cell>();
  let whole: Capture | undefined;
  let host: string | undefined;
  for (const capture of captures) {
    if (capture.host !== host) [host, whole] = [capture.host, undefined];
    const time = takenAt(capture);
    const slot = time === null ? NO_TIME : slots.indexOf(time);
    const [bytes, usual] = [total(capture), median.get(capture.version ?? '') ?? 0];
    const ratio = bytes === null || usual <= 0 ? null : Number(bytes) / usual;
    const at = `${slot} ${capture.host}`;
    const sign = signOf(capture, whole) || (capture.state === 'whole' ? (cells.get(at)?.sign ?? '') : '');
    cells.set(at, {
      host: capture.host,
      slot,
      sign,
      look: capture.state === 'failed' ? 'failed' : capture.state === 'incomplete' ? 'doubt' : 'whole',
      ratio,
      told: toldOf(capture, ratio),
    });
    if (capture.state === 'whole') whole = capture;
  }
  return [...cells.values()];
}

/** The root lets a tenth more or less show. */
function opacityOf({ ratio }: Cell): number {
  return Math.max(0.05, Math.sqrt(Math.min(1, Math.abs(Math.log2(Math.max(ratio ?? 1, 1e-9))))) * MAX_OPACITY);
}

/** A host's row: its name, builds, and what is wrong. */
interface HostRow {
  readonly host: string;
  /** Its first build, by which rows are ordered. */
  readonly first: string;
  readonly builds: string;
  readonly words: string;
}

function hostRows(captures: readonly Capture[], odd: ReadonlyMap<string, readonly string[]>): HostRow[] {
  const builds = new Map<string, string[]>();
  for (const { host, version } of captures) {
    const ofHost = builds.get(host) ?? [];
    const build = buildOf(version);
    builds.set(host, version === null || ofHost.at(-1) === build ? ofHost : [...ofHost, build]);
  }
  const rows = [...builds].map(([host, all]) => {
    const words = odd.get(host) ?? [];
    const more = words.length > WORDS ? ` +${words.length - WORDS}` : '';
    const shown = all.length > 2 ? [all[0]!, '…', all.at(-1)!] : all;
    return {
      host,
      first: all[0] ?? '',
      builds: shown.join(' → ').replace('→ … →', '…'),
      words: words.slice(0, WORDS).join(', ') + more,
    };
  });
  if (rows.length > MAX_HOSTS)
    return rows.sort((a, b) => Number(b.words !== '') - Number(a.words !== '')).slice(0, MAX_HOSTS);
  return rows.sort((a, b) => byName(a.first, b.first) || byName(a.host, b.host));
}

function draw(rows: readonly HostRow[], cells: readonly Cell[], slots: Slots, { width, isNarrow }: Room): PlotOptions {
  const name = (host: string): string => shortened(host, isNarrow ? 10 : 16);
  const names = Math.max(...rows.map(({ host }) => name(host).length)) * CHAR + 10;
  const builds = isNarrow ? 0 : Math.max(...rows.map((row) => row.builds.length)) * CHAR + 12;
  const words = isNarrow ? 0 : Math.min(220, Math.max(0, ...rows.map((row) => row.words.length)) * CHAR + 14);
  const hasTimeless = cells.some(({ slot }) => slot === NO_TIME);
  const domain = [...Array.from({ length: slots.count }, (_, index) => index), ...(hasTimeless ? [NO_TIME] : [])];
  const marginLeft = names + builds + 6;
  // A few captures are no reason for cells as wide as the page.
  const marginRight = Math.max(words + 6, width - marginLeft - domain.length * 52);
  const wholes = cells.filter(({ ratio }) => ratio !== null);
  const broken = cells.filter(({ look }) => look !== 'whole');
  const at = { x: 'slot', y: 'host' };
  const labels = slots.labels(Math.max(2, Math.floor((width - marginLeft - marginRight) / 62)));
  return {
    height: rows.length * ROW_HEIGHT + 28,
    marginLeft,
    marginRight,
    marginTop: 24,
    marginBottom: 4,
    x: { type: 'band', domain, axis: null, padding: domain.length > 40 ? 0.06 : 0.08 },
    y: { type: 'band', domain: rows.map(({ host }) => host), axis: null, padding: 0.14 },
    marks: [
      cell(wholes, {
        ...at,
        rx: 2.5,
        fill: ({ ratio }: Cell) => color(ratio! >= 1 ? 'suspect' : 'nonpaged'),
        fillOpacity: { value: opacityOf, scale: null },
        ...(isNarrow ? {} : { title: ({ told }: Cell) => told }),
      }),
      cell(broken, {
        ...at,
        rx: 2.5,
        inset: 0.5,
        fill: ({ look }: Cell) => color(`${look}-card`),
        stroke: ({ look }: Cell) => color(look),
        strokeDasharray: '3 2',
        title: ({ told }: Cell) => told,
      }),
      text(cells, {
        ...at,
        text: 'sign',
        fontSize: FONT,
        fill: ({ look }: Cell) => color(look === 'whole' ? 'ink' : look),
        pointerEvents: 'none',
      }),
      text(rows, {
        y: 'host',
        frameAnchor: 'left',
        dx: 2 - marginLeft,
        textAnchor: 'start',
        text: ({ host }: HostRow) => name(host),
        title: ({ host }: HostRow) => shortened(host, 120),
        fontSize: FONT,
        fill: color('ink'),
      }),
      ...(isNarrow
        ? []
        : [
            text(rows, {
              y: 'host',
              frameAnchor: 'left',
              dx: names + 2 - marginLeft,
              textAnchor: 'start',
              text: 'builds',
              fontSize: FONT - 0.5,
              fill: color('muted'),
            }),
            text(rows, {
              y: 'host',
              frameAnchor: 'right',
              dx: 10,
              textAnchor: 'start',
              text: ({ words: all }: HostRow) => shortened(all, 34),
              fontSize: FONT,
              fontWeight: 600,
              fill: color('suspect'),
            }),
          ]),
      text(labels, {
        x: 'slot',
        frameAnchor: 'top',
        dy: -12,
        text: 'label',
        fontSize: FONT - 0.5,
        fill: color('muted'),
      }),
      ...(hasTimeless
        ? [
            text([{ slot: NO_TIME }], {
              x: 'slot',
              frameAnchor: 'top',
              dy: -12,
              text: () => (isNarrow ? '?' : 'no time'),
              fontSize: FONT - 0.5,
              fill: color('muted'),
            }),
          ]
        : []),
    ],
  };
}

/** Hosts by captures: who holds more or less than usual, who restarted, what is not whole. */
export function oddHostPanel(facts: DatasetFacts): Html {
  const { captures } = facts;
  const odd = oddHosts(facts);
  const heading = { id: 'hosts', question: 'Which host is odd, and since when?', isWide: true };
  if (captures.length === 0)
    return panel({
      ...heading,
      answer: 'Not known.',
      body: placeholder(
        'No capture',
        'The dataset has no image record.',
        'pool-tracker batch writes them, unless --record leaves them out.',
      ),
    });
  const all = hostRows(captures, odd);
  const shown = new Set(all.map(({ host }) => host));
  const hosts = new Set(captures.map(({ host }) => host)).size;
  const slots = timeSlots(captures);
  const cells = cellsOf(captures, slots).filter(({ host }) => shown.has(host));
  return panel({
    ...heading,
    answer: `${odd.size === 0 ? 'No host stands out.' : `${plural(odd.size, 'host')} ${odd.size === 1 ? 'is' : 'are'} odd: what is wrong stands at the right.`} Bytes in both pools, against the median of all captures with the same build: a row that turns orange grows, one that is orange throughout has always held more. ${slots.about}${hosts > shown.size ? ` ${shown.size} of ${hosts} hosts, odd ones first.` : ''}`,
    legend: [...LEGEND, { look: 'ink', sign: ' ', text: 'blank: no capture' }],
    body: chart({
      label: `A grid of ${plural(shown.size, 'host')} by time. ${[...odd]
        .slice(0, 12)
        .map(([host, words]) => `${shortened(host, 24)}: ${words.slice(0, WORDS).join(', ')}`)
        .join('; ')}`,
      isBoth: true,
      draw: (room) => draw(all, cells, slots, room),
    }),
  });
}
