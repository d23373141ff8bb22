import type { ListedTable } from '../../record/rows/rows.js';
import { html, type Html, tagText } from '../page/html.js';
import { panel, placeholder, scrolling } from '../page/panel.js';
import { countText, exact, plural, signedText } from '../page/units.js';
import type { ImageFacts, ProcessorCount, TagFacts } from './facts.js';

const ROWS = 16;
/** Above this many processors, groups of them are shown. */
const MAX_COLUMNS = 64;
const GROUPS = 32;
/** Steps of the colour, as the style sheet has them. */
const LEVELS = 5n;

/** Processors that share a column. */
interface Column {
  readonly first: number;
  readonly last: number;
  /** Whether a part of their tables was not read. */
  readonly isPart: boolean;
}

/** `not read` where a part is missing, `none` where no table of the group has the tag. */
type Cell = bigint | 'not read' | 'none';

function columnsOf(tables: readonly ListedTable[], count: number): Column[] {
  const size = count > MAX_COLUMNS ? Math.ceil(count / GROUPS) : 1;
  const found = new Set(tables.map(({ processor }) => processor));
  const lacking = new Set<number | null>(
    tables
      .filter(
        ({ processor, pages, pages_missing: missing }) => processor !== null && (pages === null || (missing ?? 0) > 0),
      )
      .map(({ processor }) => processor),
  );
  // A processor whose table was not found counts as one of which nothing was read.
  for (let processor = 0; processor < count; processor++) if (!found.has(processor)) lacking.add(processor);
  return Array.from({ length: Math.ceil(count / size) }, (_, index) => {
    const [first, last] = [index * size, Math.min(count, (index + 1) * size) - 1];
    return { first, last, isPart: [...lacking].some((processor) => processor! >= first && processor! <= last) };
  });
}

function cellsOf(tag: TagFacts, columns: readonly Column[], counts: ReadonlyMap<number, bigint | null>): Cell[] {
  return columns.map(({ first, last, isPart }) => {
    let sum: bigint | null = null;
    for (let processor = first; processor <= last; processor++) {
      const count = counts.get(processor);
      if (count === null) return 'not read';
      if (count !== undefined) sum = (sum ?? 0n) + count;
    }
    // Where the tag's part could lie on the page that is missing, none and not read are the same.
    if (isPart && !tag.complete && (sum === null || first !== last)) return 'not read';
    return sum ?? 'none';
  });
}

function cellHtml(cell: Cell, most: bigint): Html {
  if (cell === 'none') return html`<td class="none"><span class="muted" role="img" aria-label="no entry"> </span></td>`;
  if (cell === 'not read') return html`<td class="not-read">not read</td>`;
  const size = cell < 0n ? -cell : cell;
  const level = size === 0n || most === 0n ? 0n : (size * LEVELS + most - 1n) / most;
  return html`<td class="${level === 0n ? '' : `${cell < 0n ? 'less' : 'more'}-${level}`}" title="${signedText(cell)}">
    ${countText(cell)}
  </td>`;
}

function rowHtml(tag: TagFacts, columns: readonly Column[], counts: ReadonlyMap<number, bigint | null>): Html {
  const cells = cellsOf(tag, columns, counts);
  const most = cells.reduce<bigint>((max, cell) => {
    const size = typeof cell === 'bigint' ? (cell < 0n ? -cell : cell) : 0n;
    return size > max ? size : max;
  }, 0n);
  return html`<tr>
    <th scope="row">
      ${tag.complete ? null : html`<b class="is-doubt" title="may be incomplete">◐</b> `}${tagText(tag.tag)}
    </th>
    ${cells.map((cell) => cellHtml(cell, most))}
  </tr> `;
}

/** The tags that the panel shows: the largest, and those that may be incomplete among them. */
export function shownByProcessor(tags: readonly TagFacts[]): TagFacts[] {
  return tags.filter(({ allocs, place }) => allocs !== 0n && place !== 'expansion').slice(0, ROWS);
}

function byTag(counts: readonly ProcessorCount[]): Map<number, Map<number, bigint | null>> {
  const tags = new Map<number, Map<number, bigint | null>>();
  for (const { key, processor, difference } of counts) {
    const ofTag = tags.get(key) ?? new Map<number, bigint | null>();
    const before = ofTag.get(processor);
    ofTag.set(processor, before === null || difference === null ? null : (before ?? 0n) + difference);
    tags.set(key, ofTag);
  }
  return tags;
}

/** Allocations less frees of the largest tags, processor by processor. */
export function processorPanel({ image, tags, processors }: ImageFacts): Html {
  const heading = { id: 'processors', question: 'Does one processor allocate what another frees?', isWide: true };
  const counts = byTag(processors);
  const seen = processors.reduce((most, { processor }) => Math.max(most, processor), -1) + 1;
  const count = Math.max(seen, Number(image.processors ?? 0));
  const shown = shownByProcessor(tags).filter(({ key }) => counts.has(key));
  const isUnattributed = image.located_by === 'carve' && count > 1;
  if (shown.length === 0 || isUnattributed)
    return panel({
      ...heading,
      answer: 'Not known.',
      body: placeholder(
        'No count of a single processor was read',
        'Either the tables hold no tag, or they were put together from pages that do not say whose they are.',
        'An image whose page tables can be walked tells.',
      ),
    });
  const columns = columnsOf(image.tables ?? [], count);
  const isGrouped = columns.some(({ first, last }) => first !== last);
  const parts = columns.filter(({ isPart }) => isPart);
  const name = ({ first, last }: Column): string => (first === last ? String(first) : `${first}–${last}`);
  const crossing = shown.filter(({ key }) => {
    const values = [...counts.get(key)!.values()].filter((value) => value !== null);
    return values.some((value) => value < 0n) && values.some((value) => value > 0n);
  }).length;
  const answer =
    count === 1
      ? image.processors === 1
        ? 'There is one processor: it frees what it allocates.'
        : 'The table of one processor was found, and how many there are is not known.'
      : `${crossing === 0 ? 'None' : exact(crossing)} of the ${plural(shown.length, 'largest tag')} ${crossing === 1 ? 'shows' : 'show'} frees on other processors than allocations. Allocations less frees of each; only the sum of a row means anything by itself: a processor that frees what another allocated shows less, and may still be above zero.${isGrouped ? ` ${exact(count)} processors in ${exact(columns.length)} groups.` : ''}`;
  return panel({
    ...heading,
    answer,
    legend: [
      { look: 'more', text: 'allocates more' },
      { look: 'less', text: 'frees more' },
      { look: 'none', text: 'no entry' },
      ...(parts.length === 0
        ? []
        : [
            {
              look: 'doubt',
              sign: '◐',
              text: `part of the table is missing: processor ${parts.slice(0, 4).map(name).join(', ')}${parts.length > 4 ? ' …' : ''}`,
            },
          ]),
    ],
    body: scrolling(
      'Allocations less frees, by tag and processor',
      html`<table class="cells">
        <thead>
          <tr>
            <th scope="col">Tag</th>
            ${columns.map((column) => html`<th scope="col">${column.isPart ? html`<b class="is-doubt" title="part of its table is missing">◐</b> ` : null}${name(column)}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${shown.map((tag) => rowHtml(tag, columns, counts.get(tag.key)!))}
        </tbody>
      </table>`,
    ),
  });
}
