import { chart, color, FONT, MONO_CHAR } from '../chart/chart.js';
import { barX, text, type PlotOptions } from '../chart/plot.js';
import { type Html, shortened } from '../page/html.js';
import { INCOMPLETE, NONPAGED, PAGED, panel, placeholder } from '../page/panel.js';
import { bytesText, exact, plural, shareText } from '../page/units.js';
import { type ImageFacts, lacksTags, sumOf, type TagFacts, wholeTags } from './facts.js';

const SHOWN = 20;
const ROW_HEIGHT = 20;
const BEYOND = { look: 'ink', sign: '⇥', text: 'longer than the axis' };

function told({ tag, driver, nonpaged, paged, outstanding, complete }: TagFacts): string {
  return [
    `${shortened(tag, 24)}${complete ? '' : ' ◐ may be incomplete'}: ${exact(nonpaged.bytes + paged.bytes)} bytes`,
    `nonpaged ${exact(nonpaged.bytes)}, paged ${exact(paged.bytes)}`,
    `${exact(outstanding)} outstanding`,
    driver === null ? 'no name known' : shortened(driver, 40),
  ].join('\n');
}

/** Bytes at the end of the axis: what may be wrong by any amount must not make all others small. */
function axisEnd(tags: readonly TagFacts[]): number {
  const sure = wholeTags(tags);
  const ends = (sure.length === 0 ? tags : sure).map(lengthOf);
  return Math.max(1, ...ends);
}

/** Bytes as a length: a pool that counts below zero has none. */
function lengthOf({ nonpaged, paged }: TagFacts): number {
  return Math.max(0, Number(nonpaged.bytes)) + Math.max(0, Number(paged.bytes));
}

/** What of a tag is drawn, up to the end of the axis. */
function segments(tags: readonly TagFacts[], most: number) {
  return tags.flatMap((of) => {
    const nonpaged = Math.min(most, Math.max(0, Number(of.nonpaged.bytes)));
    const all = Math.min(most, lengthOf(of));
    return [
      { row: of.row, x1: 0, x2: nonpaged, pool: 'nonpaged', complete: of.complete },
      { row: of.row, x1: nonpaged, x2: all, pool: 'paged', complete: of.complete },
    ].filter(({ x1, x2 }) => x2 > x1);
  });
}

function draw(tags: readonly TagFacts[], width: number, isNarrow: boolean): PlotOptions {
  const longest = Math.max(...tags.map(({ tag }) => Math.min(tag.length, 12)));
  const names = Math.ceil(longest * MONO_CHAR) + 26;
  const marginLeft = isNarrow ? names : names + 104;
  const marginRight = 76;
  const most = axisEnd(tags);
  const drawn = segments(tags, most);
  return {
    height: tags.length * ROW_HEIGHT + 4,
    width,
    marginLeft,
    marginRight,
    marginTop: 2,
    marginBottom: 2,
    x: { domain: [0, most], axis: null },
    y: { domain: tags.map(({ row }) => row), axis: null, padding: 0.3 },
    marks: [
      barX(
        drawn.filter(({ complete }) => complete),
        { x1: 'x1', x2: 'x2', y: 'row', fill: ({ pool }: { pool: string }) => color(pool) },
      ),
      barX(
        drawn.filter(({ complete }) => !complete),
        {
          x1: 'x1',
          x2: 'x2',
          y: 'row',
          fill: ({ pool }: { pool: string }) => color(pool),
          fillOpacity: 0.25,
          stroke: color('doubt'),
          strokeDasharray: '3 2',
        },
      ),
      text(tags, {
        y: 'row',
        frameAnchor: 'left',
        dx: 4 - marginLeft,
        textAnchor: 'start',
        fontSize: FONT,
        text: ({ complete }: TagFacts) => (complete ? '' : '◐'),
        fill: color('doubt'),
      }),
      text(tags, {
        y: 'row',
        frameAnchor: 'left',
        dx: 20 - marginLeft,
        textAnchor: 'start',
        fontFamily: 'var(--mono)',
        fontSize: FONT,
        text: ({ tag }: TagFacts) => shortened(tag, 12),
        fill: ({ complete }: TagFacts) => color(complete ? 'ink' : 'doubt'),
      }),
      ...(isNarrow
        ? []
        : [
            text(tags, {
              y: 'row',
              frameAnchor: 'left',
              dx: -100,
              textAnchor: 'start',
              fontSize: FONT - 0.5,
              text: ({ driver }: TagFacts) => (driver === null ? '–' : shortened(driver, 15)),
              fill: color('muted'),
            }),
          ]),
      text(tags, {
        y: 'row',
        x: (tag: TagFacts) => Math.min(most, lengthOf(tag)),
        dx: 6,
        textAnchor: 'start',
        fontSize: FONT,
        text: (tag: TagFacts) => `${lengthOf(tag) > most ? '⇥ ' : ''}${bytesText(tag.bytes)}`,
        fill: color('ink'),
      }),
      barX(tags, {
        x1: 0,
        x2: most,
        insetLeft: -marginLeft,
        insetRight: -marginRight,
        y: 'row',
        fill: 'transparent',
        href: ({ row }: TagFacts) => `#row-${row}`,
        title: told,
      }),
    ],
  };
}

/** Bars of the largest tags. */
export function whoHolds({ tags, image }: Pick<ImageFacts, 'tags' | 'image'>): Html {
  const largest = tags.filter(({ bytes }) => bytes > 0n).slice(0, SHOWN);
  const whole = wholeTags(tags);
  const doubtful = largest.filter(({ complete }) => !complete).length;
  const isBeyond = largest.some((tag) => lengthOf(tag) > axisEnd(largest));
  const share = shareText(
    sumOf(wholeTags(largest), ({ bytes }) => bytes),
    sumOf(whole, ({ bytes }) => bytes),
  );
  const isUnsure = whole.length === 0 && tags.length > 0;
  const isAll = whole.length === tags.length && !lacksTags(image);
  const answer = isUnsure
    ? 'No tag’s counts are certain: each bar may be too short or too long.'
    : largest.length === 0
      ? `No tag ${isAll ? 'holds' : 'that is certain holds'} any bytes.`
      : `${largest.length < SHOWN ? `${isAll ? 'Only ' : ''}${plural(largest.length, 'tag')} hold${largest.length === 1 ? 's' : ''} ${isAll ? 'anything' : 'bytes; others are not certain'}` : `The ${SHOWN} largest tags are ${share} of all bytes${isAll ? '' : ' that are certain'}`}${doubtful === 0 ? '.' : `; ${exact(doubtful)} of them may be incomplete and ${doubtful === 1 ? 'is' : 'are'} not in the sum.`}`;
  return panel({
    id: 'holders',
    question: 'Who holds the memory?',
    answer,
    legend:
      largest.length === 0
        ? []
        : [NONPAGED, PAGED, ...(doubtful === 0 ? [] : [INCOMPLETE]), ...(isBeyond ? [BEYOND] : [])],
    body:
      largest.length === 0
        ? placeholder('Nothing to draw', 'Every tag in the tables counts no bytes in use.')
        : chart({
            label: `Bars of the ${exact(largest.length)} largest tags; the largest is ${shortened(largest[0]!.tag, 24)} with ${bytesText(largest[0]!.bytes)}. Each leads to its row.`,
            hasLinks: true,
            draw: ({ width, isNarrow }) => draw(largest, width, isNarrow),
          }),
  });
}
