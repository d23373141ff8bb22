import { chart, color, FONT, MONO_CHAR, type Room } from '../chart/chart.js';
import { barX, type PlotOptions, text } from '../chart/plot.js';
import { type Html, shortened } from '../page/html.js';
import { NONPAGED, PAGED, panel, placeholder } from '../page/panel.js';
import { bytesText, exact, plural, shareText } from '../page/units.js';
import type { DatasetFacts, TopTag } from './facts.js';

const ROW_HEIGHT = 20;

function sumOf({ nonpaged, paged }: TopTag): bigint {
  return nonpaged + paged;
}

/** `93.0 MiB, 35 % on host07`: from a fifth on, where there are others. */
function labelOf(tag: TopTag, isNarrow: boolean): string {
  const isMuch = tag.hosts > 1 && tag.mostBytes * 5n >= sumOf(tag);
  if (!isMuch || isNarrow) return bytesText(sumOf(tag));
  return `${bytesText(sumOf(tag))}, ${shareText(tag.mostBytes, sumOf(tag))} on ${shortened(tag.mostOn, 14)}`;
}

function draw(tags: readonly TopTag[], { isNarrow }: Room): PlotOptions {
  const marginLeft = Math.max(...tags.map(({ tag }) => Math.min(tag.length, 12))) * MONO_CHAR + 12;
  const rows = tags.map((tag, row) => ({ ...tag, row, total: Number(sumOf(tag)) }));
  const most = Math.max(1, ...rows.map(({ total }) => total));
  const parts = rows.flatMap(({ row, nonpaged, paged, total }) => [
    { row, x1: 0, x2: Math.max(0, Number(nonpaged)), pool: 'nonpaged' },
    { row, x1: Math.max(0, Number(nonpaged)), x2: total, pool: paged > 0n ? 'paged' : 'nonpaged' },
  ]);
  return {
    height: tags.length * ROW_HEIGHT + 4,
    marginLeft,
    marginRight: isNarrow ? 70 : 168,
    marginTop: 2,
    marginBottom: 2,
    x: { domain: [0, most], axis: null },
    y: { type: 'band', domain: rows.map(({ row }) => row), axis: null, padding: 0.3 },
    marks: [
      barX(
        parts.filter(({ x1, x2 }) => x2 > x1),
        { x1: 'x1', x2: 'x2', y: 'row', fill: ({ pool }: { pool: string }) => color(pool) },
      ),
      text(rows, {
        y: 'row',
        frameAnchor: 'left',
        dx: 2 - marginLeft,
        textAnchor: 'start',
        fontFamily: 'var(--mono)',
        fontSize: FONT,
        text: ({ tag }: TopTag) => shortened(tag, 12),
        fill: color('ink'),
      }),
      text(rows, {
        y: 'row',
        x: ({ total }: { total: number }) => Math.max(0, total),
        dx: 6,
        textAnchor: 'start',
        fontSize: FONT,
        text: (tag: TopTag) => labelOf(tag, isNarrow),
        title: (tag: TopTag) =>
          `${shortened(tag.tag, 12)}: ${exact(sumOf(tag))} bytes on ${plural(tag.hosts, 'host')}\nmost on ${shortened(tag.mostOn, 40)}: ${exact(tag.mostBytes)}`,
        fill: color('ink'),
      }),
    ],
  };
}

/** The tags that hold most over all hosts, of the latest whole capture of each. */
export function topTagsPanel({ topTags }: DatasetFacts): Html {
  const tags = topTags.filter((tag) => sumOf(tag) > 0n);
  return panel({
    id: 'top-tags',
    question: 'Which tags hold most, in all?',
    answer: tags.length === 0 ? 'Not known.' : 'Sum over the latest whole capture of each host.',
    legend: tags.length === 0 ? [] : [NONPAGED, PAGED],
    body:
      tags.length === 0
        ? placeholder(
            'No sum',
            'No capture is whole, and what is left of others is not summed.',
            'A whole capture gives it.',
          )
        : chart({
            label: `Bars of the ${exact(tags.length)} largest tags; the first is ${shortened(tags[0]!.tag, 12).trim()} with ${bytesText(sumOf(tags[0]!))}.`,
            draw: (room) => draw(tags, room),
          }),
  });
}
