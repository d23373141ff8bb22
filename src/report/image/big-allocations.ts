import { isMissing, type Missing } from '../../errors.js';
import { chart, color, FONT, type Room } from '../chart/chart.js';
import { axisX, axisY, barY, gridY, type PlotOptions, ruleY, text } from '../chart/plot.js';
import { foreign, html, type Html, tagText } from '../page/html.js';
import { NONPAGED, PAGED, panel, placeholder, scrolling } from '../page/panel.js';
import { axisBytes, bytesText, exact, plural } from '../page/units.js';
import type { BigFacts } from './facts.js';

const SHOWN = 6;
/** More columns than this do not all have their own label. */
const MAX_LABELS = 10;

type Size = BigFacts['sizes'][number];

/** Powers of two from the smallest to the largest, those without allocations too: a gap is a gap. */
function filled(sizes: readonly Size[]): Size[] {
  const first = sizes[0]!.power;
  const found = new Map(sizes.map((size) => [size.power, size]));
  return Array.from(
    { length: sizes.at(-1)!.power - first + 1 },
    (_, index) => found.get(first + index) ?? { power: first + index, count: 0, nonpaged: 0n, paged: 0n },
  );
}

function draw(sizes: readonly Size[], { isNarrow }: Room): PlotOptions {
  const columns = sizes.map(({ power, count, nonpaged, paged }) => ({
    power,
    count,
    parts: [
      { power, y1: 0, y2: Number(nonpaged), pool: 'nonpaged', bytes: nonpaged },
      { power, y1: Number(nonpaged), y2: Number(nonpaged + paged), pool: 'paged', bytes: paged },
    ],
    top: Number(nonpaged + paged),
  }));
  const most = Math.max(1, ...columns.map(({ top }) => top));
  // Steps of a power of two, so that the axis has round numbers of bytes.
  const step = 2 ** Math.ceil(Math.log2(most / 6));
  const ticks = Array.from({ length: Math.ceil(most / step) + 1 }, (_, index) => index * step).filter(
    (tick) => tick <= most * 1.05,
  );
  const every = Math.ceil(sizes.length / (isNarrow ? 5 : MAX_LABELS));
  const label = (power: number): string => axisBytes(1n << BigInt(power));
  const looks = { fontSize: FONT - 0.5, color: color('muted'), tickSize: 0 };
  return {
    height: 190,
    marginLeft: 56,
    marginRight: 4,
    marginTop: 18,
    marginBottom: 38,
    x: { type: 'band', domain: sizes.map(({ power }) => power), axis: null, padding: 0.14 },
    y: { domain: [0, most], axis: null },
    marks: [
      gridY(ticks, { stroke: color('line'), strokeOpacity: 1 }),
      barY(
        columns.flatMap(({ parts }) => parts).filter(({ y1, y2 }) => y2 > y1),
        {
          x: 'power',
          y1: 'y1',
          y2: 'y2',
          fill: ({ pool }: { pool: string }) => color(pool),
          title: ({ power, pool, bytes }: { power: number; pool: string; bytes: bigint }) =>
            `from ${label(power)}: ${exact(bytes)} bytes ${pool}`,
        },
      ),
      text(columns, {
        x: 'power',
        y: 'top',
        dy: -8,
        text: ({ count }: { count: number }) => (count === 0 ? '–' : exact(count)),
        fontSize: FONT - 0.5,
        fill: color('muted'),
      }),
      ruleY([0], { stroke: color('muted') }),
      axisX(
        sizes.map(({ power }) => power).filter((_, index) => index % every === 0),
        {
          ...looks,
          tickFormat: label,
          label: 'size of one allocation, from',
          labelAnchor: 'center',
          labelArrow: 'none',
        },
      ),
      axisY(ticks, {
        ...looks,
        tickFormat: (bytes: number) => axisBytes(BigInt(bytes)),
        label: null,
      }),
    ],
  };
}

/** What PoolBigPageTable lists in use: by size, and the largest. */
export function bigAllocations(big: BigFacts | Missing): Html {
  const heading = { id: 'big', question: 'Are there big allocations?' };
  if (isMissing(big))
    return panel({
      ...heading,
      answer: 'Not read.',
      body: placeholder(
        'The table of big allocations was not read',
        foreign(big.missing),
        'Tags count them all the same; only the list of single allocations is missing.',
      ),
    });
  const { allocations, bytes, sizes, largest, shortfall } = big;
  const answer = [
    allocations === 0
      ? 'None is in use.'
      : `${plural(allocations, 'allocation')} of a page or more hold${allocations === 1 ? 's' : ''} ${bytesText(bytes)}${shortfall === null ? '.' : ' in what was read.'}`,
    shortfall === null ? null : html` <span class="is-doubt">◐ ${foreign(shortfall)}</span>`,
  ];
  if (allocations === 0)
    return panel({
      ...heading,
      answer,
      body: placeholder('Nothing to draw', 'The table lists no allocation that is in use.'),
    });
  const drawn = filled(sizes);
  return panel({
    ...heading,
    answer,
    legend: [NONPAGED, PAGED, { look: 'none', sign: '12', text: 'number, above each column' }],
    body: [
      chart({
        label: `Columns of bytes by size of allocation: ${sizes.map(({ power, count }) => `${exact(count)} from ${bytesText(1n << BigInt(power))}`).join(', ')}.`,
        draw: (room) => draw(drawn, room),
      }),
      scrolling(
        'The largest allocations',
        html`<table>
          <thead>
            <tr>
              <th scope="col">Largest</th>
              <th scope="col">Address</th>
              <th scope="col" class="number">KiB</th>
            </tr>
          </thead>
          <tbody>
            ${largest.slice(0, SHOWN).map(
              (one) =>
                html`<tr>
                  <td class="tag">${tagText(one.tag)}</td>
                  <td class="mono">${one.address}</td>
                  <td class="number" title="${exact(one.bytes)} bytes">${exact((one.bytes + 512n) / 1024n)}</td>
                </tr>`,
            )}
          </tbody>
        </table>`,
      ),
    ],
  });
}
