import { chart, CHAR, color, FONT, MONO_CHAR, type Room } from '../chart/chart.js';
import { hierarchy, type PlotOptions, rect, text, treemap, treemapSquarify } from '../chart/plot.js';
import { type Html, shortened } from '../page/html.js';
import { NONPAGED, PAGED, panel, placeholder } from '../page/panel.js';
import { bytesText, exact, plural, shareText } from '../page/units.js';
import { sumOf, type TagFacts, wholeTags } from './facts.js';

/** What is less than this of all bytes is merged, or the map would be dust: drivers, and tags. */
const [MIN_DRIVER, MIN_TAG] = [0.03, 0.0025];
const HEADING = 17;
const KERNEL = 'Windows kernel';
const NAMELESS = 'no name known';

/** A rectangle of the map: a tag, or several small ones. */
interface Leaf {
  readonly name: string;
  /** Where there is less room. */
  readonly short?: string;
  readonly bytes: number;
  readonly look: 'nonpaged' | 'paged' | 'unknown';
  readonly told: string;
}

/** A driver, with its tags. */
interface Branch {
  readonly name: string;
  readonly short?: string;
  readonly bytes: bigint;
  readonly children: readonly Leaf[];
}

/** `nt!mm` and the like are components of the kernel. */
export function driverName({ driver, named }: TagFacts): string {
  if (driver === null) return NAMELESS;
  return /^nt(!|$|oskrnl)/i.test(driver) ? KERNEL : named === 'code' ? `${driver} (by its code)` : driver;
}

/** Tags by what lists or code say of their driver, those with most bytes first. */
export function byDriver(tags: readonly TagFacts[]): Map<string, TagFacts[]> {
  const drivers = new Map<string, TagFacts[]>();
  for (const tag of tags) {
    if (tag.bytes <= 0n) continue;
    const name = driverName(tag);
    drivers.set(name, [...(drivers.get(name) ?? []), tag]);
  }
  const bytes = (of: readonly TagFacts[]): bigint => sumOf(of, (tag) => tag.bytes);
  return new Map([...drivers].sort(([, a], [, b]) => (bytes(a) < bytes(b) ? 1 : -1)));
}

function leafOf(tag: TagFacts): Leaf {
  return {
    name: tag.tag.trimEnd() === '' ? tag.tag : tag.tag.trimEnd(),
    bytes: Number(tag.bytes),
    look: tag.driver === null ? 'unknown' : tag.nonpaged.bytes >= tag.paged.bytes ? 'nonpaged' : 'paged',
    told: `${shortened(tag.tag, 24)}: ${exact(tag.bytes)} bytes\n${tag.description === null ? driverName(tag) : `${driverName(tag)}: ${shortened(tag.description, 80)}`}`,
  };
}

function merged(tags: readonly TagFacts[], noun: string): Leaf[] {
  if (tags.length === 0) return [];
  const bytes = sumOf(tags, (tag) => tag.bytes);
  return [
    {
      name: `${exact(tags.length)} smaller`,
      short: `+${exact(tags.length)}`,
      bytes: Number(bytes),
      look: 'unknown',
      told: `${plural(tags.length, noun)} more: ${exact(bytes)} bytes`,
    },
  ];
}

function branches(drivers: ReadonlyMap<string, readonly TagFacts[]>, all: number): Branch[] {
  const isSmall = (of: readonly TagFacts[]): boolean => Number(sumOf(of, ({ bytes }) => bytes)) < all * MIN_DRIVER;
  const small = [...drivers].filter(([name, tags]) => name !== NAMELESS && isSmall(tags));
  const large = [...drivers].filter(([name, tags]) => name === NAMELESS || !isSmall(tags));
  const branch = (name: string, tags: readonly TagFacts[], short?: string): Branch => {
    const isLarge = ({ bytes }: TagFacts): boolean => Number(bytes) >= all * MIN_TAG;
    return {
      name,
      ...(short === undefined ? {} : { short }),
      bytes: sumOf(tags, ({ bytes }) => bytes),
      children: [
        ...tags.filter(isLarge).map(leafOf),
        ...merged(
          tags.filter((tag) => !isLarge(tag)),
          'tag',
        ),
      ],
    };
  };
  const rest = small.flatMap(([, tags]) => tags).sort((a, b) => (a.bytes < b.bytes ? 1 : -1));
  return [
    ...large.map(([name, tags]) => branch(name, tags, name === KERNEL ? 'kernel' : undefined)),
    ...(small.length === 0
      ? []
      : [
          branch(
            small.length === 1 ? small[0]![0] : `${small.length} smaller drivers`,
            rest,
            small.length === 1 ? undefined : `${small.length} more`,
          ),
        ]),
  ];
}

interface Box {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
}

/** Text that fits into a width, or nothing. */
function fitted(name: string, width: number, char: number, short?: string): string {
  const room = Math.floor(width / char);
  if (name.length <= room) return name;
  if (short !== undefined) return short.length <= room ? short : '';
  return room >= 5 ? shortened(name, room) : '';
}

function draw(roots: readonly Branch[], { width, isNarrow }: Room): PlotOptions {
  const height = isNarrow ? 320 : 380;
  const laid = treemap<Branch | Leaf | { children: readonly Branch[] }>()
    .tile(treemapSquarify.ratio(1.2))
    .size([width, height])
    .paddingTop((node) => (node.depth === 1 ? HEADING : 0))
    .paddingInner((node) => (node.depth === 0 ? 6 : 1))
    .round(true)(
    hierarchy<Branch | Leaf | { children: readonly Branch[] }>({ children: roots }, (node) =>
      'children' in node ? (node.children as (Branch | Leaf)[]) : null,
    ).sum((node) => ('look' in node ? node.bytes : 0)),
  );
  const heads = (laid.children ?? []).map((node) => ({ ...box(node), branch: node.data as Branch }));
  const leaves = laid.leaves().map((node) => ({ ...box(node), leaf: node.data as Leaf }));
  const at = { x1: 'x0', x2: 'x1', y1: 'y0', y2: 'y1' };
  return {
    height,
    margin: 0,
    x: { type: 'linear', domain: [0, width], range: [0, width], axis: null },
    y: { type: 'linear', domain: [0, height], range: [0, height], axis: null },
    marks: [
      rect(leaves, {
        ...at,
        fill: ({ leaf }: { leaf: Leaf }) => color(leaf.look),
        title: ({ leaf }: { leaf: Leaf }) => leaf.told,
      }),
      text(leaves, {
        x: ({ x0, x1 }: Box) => (x0 + x1) / 2,
        y: ({ y0, y1 }: Box) => (y0 + y1) / 2,
        text: ({ leaf, x0, x1, y0, y1 }: Box & { leaf: Leaf }) =>
          y1 - y0 < 14 ? '' : fitted(leaf.name, x1 - x0 - 6, MONO_CHAR, leaf.short),
        fill: ({ leaf }: { leaf: Leaf }) => color(`on-${leaf.look}`),
        fontFamily: 'var(--mono)',
        fontSize: FONT - 0.5,
      }),
      text(
        heads.filter(({ y0, y1 }) => y1 - y0 > HEADING + 3),
        {
          x: 'x0',
          y: ({ y0 }: Box) => y0 + 8,
          text: ({ branch, x0, x1 }: Box & { branch: Branch }) => heading(branch, x1 - x0),
          title: ({ branch }: { branch: Branch }) => `${shortened(branch.name, 60)}: ${exact(branch.bytes)} bytes`,
          textAnchor: 'start',
          fontWeight: 600,
          fontSize: FONT,
          fill: color('ink'),
        },
      ),
    ],
  };
}

function box({ x0, y0, x1, y1 }: Box): Box {
  return { x0, y0, x1, y1 };
}

function heading({ name, short, bytes }: Branch, width: number): string {
  const whole = `${name} ${bytesText(bytes)}`;
  return fitted(whole, width, CHAR, whole) || fitted(name, width, CHAR, short);
}

/** A map of drivers and their tags by bytes. */
export function whichDriver(tags: readonly TagFacts[]): Html {
  const whole = wholeTags(tags);
  const isUnsure = tags.length > 0 && whole.length === 0;
  const drivers = byDriver(whole);
  const all = sumOf([...drivers.values()].flat(), ({ bytes }) => bytes);
  const nameless = sumOf(drivers.get(NAMELESS) ?? [], ({ bytes }) => bytes);
  const fromCode = whole.filter(({ named }) => named === 'code').length;
  const left = tags.filter(({ complete, bytes }) => !complete && bytes !== 0n).length;
  const first = [...drivers].find(([name]) => name !== NAMELESS);
  return panel({
    id: 'drivers',
    question: 'Which driver?',
    answer: isUnsure
      ? 'Not known: no tag’s counts are certain.'
      : [
          first === undefined
            ? 'No tag that holds bytes has a known name.'
            : `${shortened(first[0], 40)} holds ${shareText(
                sumOf(first[1], ({ bytes }) => bytes),
                all,
              )}, and ${shareText(nameless, all)} has no known name.`,
          ' Area is bytes. A tag’s driver is who the lists name, not who is proved to hold it',
          fromCode === 0
            ? '.'
            : `; ${plural(fromCode, 'name')} not on the lists ${fromCode === 1 ? 'was' : 'were'} found in drivers’ code.`,
          left === 0 ? '' : ` ${plural(left, 'incomplete tag')} (◐) ${left === 1 ? 'is' : 'are'} left out.`,
        ].join(''),
    legend: all === 0n ? [] : [NONPAGED, PAGED, { look: 'unknown', text: 'no name known, or small' }],
    body:
      all === 0n
        ? placeholder(
            'Nothing to draw',
            'No tag whose counts are certain holds any bytes.',
            'A complete capture would tell.',
          )
        : chart({
            label: `A map of drivers and their tags by bytes: ${[...drivers]
              .slice(0, 6)
              .map(([name, of]) => `${shortened(name, 40)} ${bytesText(sumOf(of, ({ bytes }) => bytes))}`)
              .join(', ')}.`,
            draw: (room) => draw(branches(drivers, Number(all)), room),
          }),
  });
}
