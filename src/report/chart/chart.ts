import { printableLines } from '../../printable.js';
import { html, Html } from '../page/html.js';
import { parseHTML, plot, type PlotOptions } from './plot.js';

/** Widths that a chart is drawn at, in pixels; the style sheet shows one. */
const [HALF, BOTH, NARROW] = [540, 1112, 340];

/** The room that a chart has. */
export interface Room {
  readonly width: number;
  readonly isNarrow: boolean;
}

/** A drawing, made once for wide and once for narrow screens. */
export interface Chart {
  /** What it shows, in a sentence, for who cannot see it. */
  readonly label: string;
  /** It takes both columns. */
  readonly isBoth?: boolean;
  /** Parts of it lead to rows. */
  readonly hasLinks?: boolean;
  /** Colours are CSS variables (`color`), as they are: all scales of colour and opacity are identities. */
  draw(room: Room): PlotOptions;
}

/** A colour of the style sheet. */
export function color(name: string): string {
  return `var(--${name})`;
}

/** Text in charts, in pixels. */
export const FONT = 11.5;
/** How wide a character of it is, at most, and one of the fixed-width font. */
export const [CHAR, MONO_CHAR] = [6.4, 7];

/** What the drawing shares with the DOM: as much as is used here. */
interface Drawn {
  readonly outerHTML: string;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
  getAttribute(name: string): string | null;
  querySelector(selector: string): Drawn | null;
  querySelectorAll(selector: string): Iterable<Drawn>;
  readonly textContent: string;
  remove(): void;
}

const PLACES = / (d|x|y|x1|x2|y1|y2|width|height|cx|cy|r|dx|dy|transform|points)="([^"]*)"/g;

/** A pixel's hundredths are not seen, and are half of the bytes. */
function rounded(svg: string): string {
  return svg.replace(PLACES, (_, name: string, value: string) => {
    const short = value.replace(/-?\d+\.\d+(e-?\d+)?/g, (number) => String(Math.round(Number(number) * 10) / 10));
    return ` ${name}="${short}"`;
  });
}

/** The DOM that draws escapes quotes in attributes, and nothing else. */
function attributeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

function svgOf({ label, hasLinks = false, draw }: Chart, room: Room): string {
  const { document } = parseHTML('<!doctype html><html><body></body></html>') as unknown as { document: never };
  const options = draw(room);
  const svg = plot({
    width: room.width,
    color: { type: 'identity' },
    opacity: { type: 'identity' },
    ...options,
    document,
  }) as unknown as Drawn;
  // The policy permits the page's own style alone, and what Plot calls its groups is nothing to read out.
  svg.querySelector('style')?.remove();
  for (const group of svg.querySelectorAll('g')) group.removeAttribute('aria-label');
  for (const link of svg.querySelectorAll('a')) {
    link.setAttribute('aria-label', attributeText(link.querySelector('title')?.textContent ?? ''));
    const href = link.getAttribute('xlink:href') ?? link.getAttribute('href');
    link.removeAttribute('xlink:href');
    if (href !== null) link.setAttribute('href', href);
  }
  svg.setAttribute('role', hasLinks ? 'group' : 'img');
  svg.setAttribute('aria-label', attributeText(label));
  svg.removeAttribute('class');
  svg.removeAttribute('width');
  svg.removeAttribute('height');
  return printableLines(rounded(svg.outerHTML));
}

/** The chart as SVG, twice: for the panel, and for a telephone. */
export function chart(drawing: Chart): Html {
  const wide = svgOf(drawing, { width: drawing.isBoth === true ? BOTH : HALF, isNarrow: false });
  const narrow = svgOf(drawing, { width: NARROW, isNarrow: true });
  return html`<div class="chart wide">${new Html(wide)}</div>
    <div class="chart narrow">${new Html(narrow)}</div>`;
}
