import { cellClass, cellText, FIRST_ROWS, rowMark, type TableData, type TableRow } from './cells.js';
import { type Content, Html, html } from './html.js';
import { scrolling } from './panel.js';
import { exact } from './units.js';

/** What the table is called, and how its filter is explained. */
export interface TableWords {
  /** For who cannot see it: `All tags`. */
  readonly name: string;
  /** In the empty filter: `Filter: Nt*, ntfs, pipe …`. */
  readonly filter: string;
}

/** Exact in JSON: a double where it holds the number, else text. */
export function exactValue(value: bigint): number | string {
  return BigInt.asIntN(53, value) === value ? Number(value) : value.toString();
}

/** JSON for a data block: `<` would end it. */
export function jsonBlock(id: string, value: unknown): Html {
  return new Html(
    `<script type="application/json" id="${id}">${JSON.stringify(value).replaceAll('<', '\\u003c')}</script>\n`,
  );
}

function heading(data: TableData, index: number): Html {
  const column = data.columns[index]!;
  const sorted =
    index === data.sortedBy ? html` aria-sort="${column.kind === 'state' ? 'ascending' : 'descending'}"` : null;
  return html`<th
    scope="col"
    class="${cellClass(column)}"
    ${sorted}${column.about === undefined ? null : html` title="${column.about}"`}
  >
    ${column.title}
  </th>`;
}

function cell(data: TableData, row: TableRow, index: number): Html {
  const column = data.columns[index]!;
  const { text, title } = cellText(column.kind, row[index]!);
  const mark = index === 0 ? rowMark(data, row) : undefined;
  const sign = mark === undefined ? null : html`<span class="sign" title="${mark.label}">${mark.sign!}</span> `;
  const shown = ['tag', 'name', 'text', 'state'].includes(column.kind) ? html`<bdi>${text}</bdi>` : text;
  return html`<td class="${cellClass(column)}" ${title === undefined ? null : html` title="${title}"`}>
    ${sign}${shown}
  </td>`;
}

function rowHtml(data: TableData, row: TableRow, index: number): Html {
  const look = rowMark(data, row)?.look;
  return html`<tr id="row-${index}" ${look === undefined ? null : html` class="is-${look}"`}>
    ${data.columns.map((_, column) => cell(data, row, column))}
  </tr> `;
}

/** A box above the table; none for a mark that no row has. */
function box(data: TableData, mark: number): Content {
  const { label, sign, look } = data.marks[mark]!;
  const count = data.rows.filter((row) => (Number(row.at(-1)) & (1 << mark)) !== 0).length;
  if (count === 0) return null;
  const shown =
    sign === undefined ? label : html`<span class="${look === undefined ? '' : `is-${look}`}">${sign} ${label}</span>`;
  return html`<label
    ><input type="checkbox" value="${mark}" /> ${shown} <span class="muted">(${exact(count)})</span></label
  >`;
}

/**
 * The table that everything else links to: rows as JSON, the first hundred of them as HTML, so that they are there
 * without the script. Sorting, the filter and the boxes come with the script and are hidden without it.
 */
export function sortedTable(data: TableData, { name, filter }: TableWords): Content {
  const first = data.rows.slice(0, FIRST_ROWS).map((row, index) => rowHtml(data, row, index));
  return [
    html`<div class="controls" id="controls" role="search" aria-label="${name}" hidden>
        <input
          type="search"
          id="filter"
          placeholder="${filter}"
          aria-label="Filter"
          aria-keyshortcuts="/"
          autocomplete="off"
          spellcheck="false"
        />
        ${data.marks.map((_, mark) => box(data, mark))}
        <span class="buttons"
          ><button type="button" id="more"></button><button type="button" id="copy">Copy as CSV</button></span
        >
        <output id="count">${exact(first.length)} of ${exact(data.rows.length)}</output>
      </div>
      <p id="hint" class="hint" role="status" hidden></p> `,
    scrolling(
      name,
      html`<table class="sorted" id="table">
        <thead>
          <tr>
            ${data.columns.map((_, index) => heading(data, index))}
          </tr>
        </thead>
        <tbody>
          ${first}
        </tbody>
      </table>`,
    ),
    data.rows.length > first.length
      ? html`<p class="muted no-script">
          The first ${exact(first.length)} of ${exact(data.rows.length)} rows; the others need the script of this page.
        </p>`
      : null,
    jsonBlock('rows', data),
  ];
}
