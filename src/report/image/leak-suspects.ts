import { chart, color, FONT, MONO_CHAR, type Room } from '../chart/chart.js';
import { freeLabels, logPlace } from '../chart/labels.js';
import { axisX, axisY, dot, gridX, gridY, hexbin, link, type PlotOptions, text } from '../chart/plot.js';
import { type Html, shortened } from '../page/html.js';
import { panel, placeholder } from '../page/panel.js';
import { axisBytes, countText, exact, plural, shareText } from '../page/units.js';
import { sumOf, type TagFacts, wholeTags } from './facts.js';

/** What makes a tag suspect: many outstanding, hardly any freed, and a part of all bytes that counts. */
const MIN_OUTSTANDING = 100n;
const MAX_FREED_PERCENT = 10n;
const MIN_SHARE_PER_THOUSAND = 1n;
/** The largest of the others that are dots; the rest is counted in hexagons. */
const DOTS = 60;
const LABELS = 18;

interface Point {
  readonly tag: TagFacts;
  readonly outstanding: number;
  readonly each: number;
}

/** Tags that look like a leak, largest first. */
export function suspects(tags: readonly TagFacts[]): TagFacts[] {
  const all = sumOf(wholeTags(tags), ({ bytes }) => bytes);
  return tags.filter(
    ({ complete, outstanding, frees, allocs, bytes }) =>
      complete &&
      outstanding >= MIN_OUTSTANDING &&
      frees * 100n < allocs * MAX_FREED_PERCENT &&
      bytes * 1000n >= all * MIN_SHARE_PER_THOUSAND,
  );
}

function pointOf(tag: TagFacts): Point {
  return { tag, outstanding: Number(tag.outstanding), each: Number(tag.bytes) / Number(tag.outstanding) };
}

function told({ tag }: Point): string {
  const freed = tag.allocs === 0n ? '' : `, ${shareText(tag.frees, tag.allocs)} freed`;
  return `${shortened(tag.tag, 24)}: ${exact(tag.outstanding)} outstanding, ${exact(tag.bytes / tag.outstanding)} bytes each\n${exact(tag.bytes)} bytes${freed}\n${tag.driver === null ? 'no name known' : shortened(tag.driver, 40)}`;
}

function shownName({ tag }: TagFacts): string {
  return shortened(tag.trimEnd(), 10);
}

/** Powers of a base that enclose the values, at least two. */
function powers(values: readonly number[], base: number): number[] {
  const logs = values.map((value) => Math.log(value) / Math.log(base));
  const [first, last] = [Math.floor(Math.min(...logs) + 1e-9), Math.ceil(Math.max(...logs) - 1e-9)];
  return Array.from({ length: Math.max(2, last - first + 1) }, (_, index) => base ** (first + index));
}

function draw(points: readonly Point[], suspect: ReadonlySet<TagFacts>, { width, isNarrow }: Room): PlotOptions {
  const [xs, ys] = [
    powers(
      points.map(({ outstanding }) => outstanding),
      10,
    ),
    powers(
      points.map(({ each }) => each),
      16,
    ),
  ];
  const frame = { left: 52, right: 46, top: 24, bottom: 42, width, height: isNarrow ? 330 : 388 };
  // Half a decade more on either side, so that no dot lies on an axis.
  const domain = { x: [xs[0]! / 1.8, xs.at(-1)! * 1.4] as const, y: [ys[0]! / 1.6, ys.at(-1)! * 1.6] as const };
  const place = {
    x: logPlace(domain.x, [frame.left, width - frame.right]),
    y: logPlace(domain.y, [frame.height - frame.bottom, frame.top]),
  };
  const marked = points.filter(({ tag }) => suspect.has(tag));
  const others = points.filter(({ tag }) => !suspect.has(tag));
  const large = others.slice(0, DOTS);
  const named = [...marked.slice(0, LABELS), ...large.slice(0, isNarrow ? 6 : 12)];
  const labels = freeLabels(
    named.map((point) => ({
      of: point,
      x: place.x(point.outstanding),
      y: place.y(point.each),
      width: shownName(point.tag).length * MONO_CHAR,
    })),
    [...marked, ...large].map(({ outstanding, each }) => ({ x: place.x(outstanding), y: place.y(each) })),
    { right: width, height: 13 },
  );
  const totals = [2 ** 10, 2 ** 20, 2 ** 24, 2 ** 30, 2 ** 34].flatMap((total) => {
    const [x1, x2] = [Math.max(domain.x[0], total / domain.y[1]), Math.min(domain.x[1], total / domain.y[0])];
    return x2 > x1 * 3 ? [{ x1, y1: total / x1, x2, y2: total / x2, total, isAtSide: x2 === domain.x[1] }] : [];
  });
  const at = { x: 'outstanding', y: 'each' };
  return {
    height: frame.height,
    marginLeft: frame.left,
    marginRight: frame.right,
    marginTop: frame.top,
    marginBottom: frame.bottom,
    x: { type: 'log', domain: domain.x, axis: null },
    y: { type: 'log', base: 16, domain: domain.y, axis: null },
    r: { range: [1.6, 7] },
    marks: [
      gridX(xs, { stroke: color('line'), strokeOpacity: 1 }),
      gridY(ys, { stroke: color('line'), strokeOpacity: 1 }),
      link(totals, {
        x1: 'x1',
        y1: 'y1',
        x2: 'x2',
        y2: 'y2',
        stroke: color('muted'),
        strokeDasharray: '3 4',
        strokeWidth: 1,
      }),
      // Beside the frame, or above its lower edge.
      ...totals.map((line) =>
        text([line], {
          x: 'x2',
          y: 'y2',
          text: ({ total }: { total: number }) => axisBytes(BigInt(total)),
          fontSize: FONT - 1,
          fill: color('muted'),
          ...(line.isAtSide
            ? { textAnchor: 'start' as const, dx: 4 }
            : { textAnchor: 'end' as const, dx: -10, dy: -5 }),
        }),
      ),
      dot(others.slice(DOTS), hexbin({ r: 'count' }, { ...at, fill: color('unknown'), binWidth: 11 })),
      dot(large, { ...at, r: 3.6, fill: color('nonpaged'), stroke: color('card'), strokeWidth: 0.7, title: told }),
      dot(marked, {
        ...at,
        r: 5,
        symbol: 'diamond',
        fill: color('suspect'),
        stroke: color('card'),
        strokeWidth: 0.7,
        title: told,
      }),
      // Plot moves all texts of a mark alike.
      ...labels.map((label) =>
        text([label.of], {
          ...at,
          dx: label.dx,
          dy: label.dy,
          text: ({ tag }: Point) => shownName(tag),
          fontFamily: 'var(--mono)',
          fontSize: FONT - 0.5,
          fill: color(suspect.has(label.of.tag) ? 'suspect' : 'ink'),
          stroke: color('card'),
          strokeWidth: 3,
        }),
      ),
      axisX(xs, {
        tickFormat: (value: number) => countText(BigInt(Math.round(value))).replace(/\.0+ /, ' '),
        label: 'allocations outstanding',
        labelArrow: 'none',
        labelAnchor: 'right',
        fontSize: FONT - 0.5,
        color: color('muted'),
        tickSize: 0,
      }),
      axisY(ys, {
        tickFormat: (value: number) => (value < 1 ? '' : axisBytes(BigInt(Math.round(value)))),
        label: 'bytes each',
        labelArrow: 'none',
        fontSize: FONT - 0.5,
        color: color('muted'),
        tickSize: 0,
      }),
    ],
  };
}

/** Outstanding allocations against the size of each; what was hardly ever freed stands out. */
export function leakSuspects(tags: readonly TagFacts[]): Html {
  const found = suspects(tags);
  const isUnsure = tags.length > 0 && wholeTags(tags).length === 0;
  const points = wholeTags(tags)
    .filter(({ outstanding, bytes }) => outstanding > 0n && bytes > 0n)
    .map(pointOf);
  const left = tags.filter(({ complete, outstanding }) => !complete && outstanding !== 0n).length;
  const without = left === 0 ? '' : ` ${plural(left, 'incomplete tag')} (◐) ${left === 1 ? 'is' : 'are'} not judged.`;
  return panel({
    id: 'leaks',
    question: 'What looks like a leak?',
    answer: isUnsure
      ? 'Not known: no tag’s counts are certain.'
      : `${
          found.length === 0
            ? 'No tag has many allocations and freed hardly any (under 10 %).'
            : `${plural(found.length, 'tag has', 'tags have')} many allocations and freed hardly any (under 10 %).`
        }${points.length === 0 ? '' : ' A second capture proves it.'}${without}`,
    legend:
      points.length === 0
        ? []
        : [
            ...(found.length === 0 ? [] : [{ look: 'suspect', sign: '◆', text: 'hardly ever freed' }]),
            { look: 'nonpaged', text: 'large' },
            ...(points.length > DOTS + found.length ? [{ look: 'unknown', text: 'others, by number' }] : []),
            { look: 'line', sign: '┄', text: 'same total' },
          ],
    body:
      points.length === 0
        ? placeholder(
            'Nothing to draw',
            'No tag whose counts are certain has allocations in use.',
            'A complete capture would tell.',
          )
        : chart({
            label: `Allocations outstanding against bytes each, both logarithmic, of ${plural(points.length, 'tag')}. ${
              found.length === 0
                ? 'None is hardly ever freed.'
                : `Hardly ever freed: ${found
                    .slice(0, 10)
                    .map(({ tag }) => shortened(tag, 12).trim())
                    .join(', ')}.`
            }`,
            draw: (room) => draw(points, new Set(found), room),
          }),
  });
}
