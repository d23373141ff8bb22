import { chart, color, FONT, type Room } from '../chart/chart.js';
import { dot, type PlotOptions, ruleX, ruleY, text } from '../chart/plot.js';
import { type Html, shortened } from '../page/html.js';
import { panel, placeholder } from '../page/panel.js';
import { bytesText, exact, plural, upTo } from '../page/units.js';
import { buildOf, type DatasetFacts, type Outlier } from './facts.js';
import { DRAWN, MAX_NAMED } from './questions.js';

const ROW_HEIGHT = 46;
/** Ratios that the axis names. */
const RATIOS = [1 / 64, 1 / 16, 1 / 4, 1 / 2, 1, 2, 4, 8, 16, 64, 256, 1024];

/** A tag on hosts of one build: those that stick out, and the others. */
interface Strip {
  readonly id: string;
  readonly tag: string;
  readonly build: string;
  readonly dots: readonly { readonly host: string; readonly bytes: bigint; readonly ratio: number }[];
  readonly outliers: readonly (Outlier & { readonly ratio: number })[];
}

function strips({ outliers, medians }: DatasetFacts): Strip[] {
  const byTag = new Map<string, Outlier[]>();
  for (const outlier of outliers) {
    const id = `${outlier.key} ${outlier.version}`;
    byTag.set(id, [...(byTag.get(id) ?? []), outlier]);
  }
  return [...byTag].map(([id, of]) => {
    const { tag, key, version, fleetBytes } = of[0]!;
    const odd = new Set(of.map(({ host }) => host));
    // A fleet that usually holds nothing has no ratio: a page is taken for its median.
    const usual = fleetBytes > 0 ? fleetBytes : 4096;
    return {
      id,
      tag,
      build: buildOf(version),
      dots: medians
        .filter((one) => one.key === key && one.version === version && !odd.has(one.host) && one.bytes > 0n)
        .map(({ host, bytes }) => ({ host, bytes, ratio: Number(bytes) / usual })),
      outliers: of.filter(({ bytes }) => bytes > 0).map((one) => ({ ...one, ratio: one.bytes / usual })),
    };
  });
}

function ratioText(ratio: number): string {
  return ratio === 1 ? 'median' : ratio === 0.5 ? '½' : ratio < 1 ? `1/${Math.round(1 / ratio)}` : `${ratio} ×`;
}

function draw(all: readonly Strip[], { isNarrow }: Room): PlotOptions {
  const ratios = all.flatMap(({ dots, outliers }) => [...dots, ...outliers].map(({ ratio }) => ratio));
  const [least, most] = [Math.min(0.45, ...ratios) / 1.15, Math.max(2.2, ...ratios) * 1.25];
  const ticks = RATIOS.filter((ratio) => ratio >= least && ratio <= most);
  const dots = all.flatMap(({ id, dots: of }) => of.map((one) => ({ ...one, id })));
  const odd = all.flatMap(({ id, outliers }) => outliers.map((one, index) => ({ ...one, id, isFirst: index === 0 })));
  const marginLeft = isNarrow ? 50 : 96;
  // A label that would leave the chart at the right ends at its mark instead of being centred on it.
  const middle = Math.exp((Math.log(least) + Math.log(most)) / 2);
  const label = ({ host, bytes }: Outlier): string =>
    `${shortened(host, isNarrow ? 12 : 20)} ${bytesText(BigInt(Math.round(bytes)))}`;
  return {
    height: all.length * ROW_HEIGHT + 26,
    marginLeft,
    marginRight: 14,
    marginTop: 24,
    marginBottom: 2,
    x: { type: 'log', domain: [least, most], axis: null },
    y: { type: 'point', domain: all.map(({ id }) => id), axis: null, padding: 0.5 },
    marks: [
      ruleX(ticks, { stroke: color('line') }),
      ruleX([1], { stroke: color('muted'), strokeDasharray: '3 3' }),
      ruleY(all, { y: 'id', stroke: color('line') }),
      text(ticks, {
        x: (ratio: number) => ratio,
        frameAnchor: 'top',
        dy: -12,
        text: ratioText,
        fontSize: FONT - 0.5,
        fill: color('muted'),
      }),
      text(all, {
        y: 'id',
        frameAnchor: 'left',
        dx: 2 - marginLeft,
        textAnchor: 'start',
        text: ({ tag }: Strip) => shortened(tag, 6),
        fontFamily: 'var(--mono)',
        fontSize: FONT,
        fill: color('ink'),
      }),
      ...(isNarrow
        ? []
        : [
            text(all, {
              y: 'id',
              frameAnchor: 'left',
              dx: 44 - marginLeft,
              textAnchor: 'start',
              text: 'build',
              fontSize: FONT - 0.5,
              fill: color('muted'),
            }),
          ]),
      dot(dots, {
        x: 'ratio',
        y: 'id',
        r: 3.2,
        fill: color('unknown'),
        title: ({ host, bytes }: Strip['dots'][number]) => `${shortened(host, 40)}: ${exact(bytes)} bytes`,
      }),
      dot(odd, {
        x: 'ratio',
        y: 'id',
        r: 5,
        symbol: 'diamond',
        fill: color('suspect'),
        title: ({ host, bytes, fleetBytes, score }: Outlier) =>
          `${shortened(host, 40)}: ${bytesText(BigInt(Math.round(bytes)))}\nmedian of the build: ${bytesText(BigInt(Math.round(fleetBytes)))}\nscore ${score.toFixed(1)}`,
      }),
      ...(['start', 'end'] as const).map((anchor) =>
        text(
          odd.filter(({ ratio, isFirst }) => isFirst && ratio > middle === (anchor === 'end')),
          {
            x: 'ratio',
            y: 'id',
            dy: -14,
            dx: anchor === 'end' ? 8 : -8,
            textAnchor: anchor,
            text: label,
            fontSize: FONT - 0.5,
            fontWeight: 600,
            fill: color('suspect'),
          },
        ),
      ),
    ],
  };
}

/** Hosts that hold far more or less of a tag than the others with their build. */
export function unlikeOthers(facts: DatasetFacts): Html {
  const all = strips(facts);
  const shown = all.slice(0, DRAWN);
  const perBuild = new Map<string, Set<string>>();
  for (const { version, host, state } of facts.captures) {
    if (version !== null && state === 'whole') perBuild.set(version, (perBuild.get(version) ?? new Set()).add(host));
  }
  const most = Math.max(0, ...[...perBuild.values()].map((hosts) => hosts.size));
  const few = [...perBuild.values()].filter((hosts) => hosts.size < 5).length;
  const without =
    few === 0
      ? ''
      : ` ${plural(few, 'build has', 'builds have')} fewer than five hosts and ${few === 1 ? 'is' : 'are'} not judged.`;
  return panel({
    id: 'outliers',
    question: 'Which hosts are unlike the others?',
    answer:
      all.length > 0
        ? `${upTo(facts.outliers.length, MAX_NAMED)} ${facts.outliers.length === 1 ? 'tag on a host differs' : 'tags on a host differ'} from the others with its build. Each dot is a host’s median of one tag.${all.length > shown.length ? ` ${shown.length} of ${all.length} tags are drawn.` : ''}${without}`
        : most < 5
          ? 'Not known.'
          : `None: no host holds far more or less of any tag than the others with its build.${without}`,
    legend:
      all.length === 0
        ? []
        : [
            { look: 'suspect', sign: '◆', text: 'outlier' },
            { look: 'unknown', text: 'other hosts' },
          ],
    body:
      all.length > 0
        ? chart({
            label: `Hosts by the ratio of what they hold to the median of their build, tag by tag. Outliers: ${facts.outliers
              .slice(0, 10)
              .map(({ host, tag }) => `${shortened(tag, 8).trim()} on ${shortened(host, 24)}`)
              .join(', ')}.`,
            draw: (room) => draw(shown, room),
          })
        : most < 5
          ? placeholder(
              'Nothing to compare with',
              'An outlier needs five hosts of one build, with three whole captures each.',
              'More hosts, and batch with --label-from for their names, give it.',
            )
          : placeholder(
              'No host sticks out',
              'The distance from the median is less than eight deviations, for every tag and host.',
            ),
  });
}
