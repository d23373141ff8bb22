import { cellClass, cellText, rowMark, type TableData } from '../page/cells.js';

/** Some rows of a table, and which of them is marked. */
export interface Drawn {
  readonly data: TableData;
  readonly rows: readonly number[];
  readonly marked: number | null;
}

/** The same elements as the page's first rows; text is never parsed as HTML. */
export function drawRows({ data, rows, marked }: Drawn): DocumentFragment {
  const drawn = document.createDocumentFragment();
  for (const index of rows) {
    const row = document.createElement('tr');
    row.id = `row-${index}`;
    const mark = rowMark(data, data.rows[index]!);
    const looks = [mark?.look === undefined ? '' : `is-${mark.look}`, index === marked ? 'marked' : ''];
    row.className = looks.filter((look) => look !== '').join(' ');
    row.append(...data.columns.map((_, column) => drawCell(data, index, column)));
    drawn.append(row);
  }
  return drawn;
}

function drawCell(data: TableData, index: number, at: number): HTMLTableCellElement {
  const column = data.columns[at]!;
  const row = data.rows[index]!;
  const { text, title } = cellText(column.kind, row[at]!);
  const cell = document.createElement('td');
  cell.className = cellClass(column);
  if (title !== undefined) cell.title = title;
  const mark = at === 0 ? rowMark(data, row) : undefined;
  if (mark !== undefined) {
    const sign = document.createElement('span');
    sign.className = 'sign';
    sign.title = mark.label;
    sign.textContent = mark.sign!;
    cell.append(sign, ' ');
  }
  const isolated = document.createElement('bdi');
  isolated.textContent = text;
  cell.append(isolated);
  return cell;
}
