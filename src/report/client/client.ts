/**
 * What a report does in the browser: its table is sorted, filtered and copied, and links of charts lead to rows. Built
 * as text by scripts/build-report-page.ts; without it the page still has all charts and the first rows.
 */
import { FIRST_ROWS, type TableData } from '../page/cells.js';
import { csvOf, type Match, matchOf, otherCaseHint, RowOrder, sumText } from './rows.js';
import { drawRows, type Drawn } from './draw.js';
import { exact } from '../page/units.js';

const MORE = 500;

function byId<T extends HTMLElement>(id: string): T | null {
  return document.getElementById(id) as T | null;
}

class SortedTable {
  private readonly body: HTMLTableSectionElement;
  private readonly order: RowOrder;
  private readonly filter = byId<HTMLInputElement>('filter')!;
  private readonly more = byId<HTMLButtonElement>('more')!;
  private readonly hint = byId('hint')!;
  /** Indices of the rows that fit, in order; the first `shown` are drawn. */
  private fitting: number[];
  private shown = FIRST_ROWS;
  private marked: number | null = null;

  constructor(
    private readonly data: TableData,
    private readonly table: HTMLTableElement,
  ) {
    this.body = table.tBodies[0]!;
    this.order = new RowOrder(data);
    this.fitting = data.rows.map((_, index) => index);
    for (const [column, heading] of [...table.tHead!.rows[0]!.cells].entries()) this.makeSortable(heading, column);
    const controls = byId('controls')!;
    controls.hidden = false;
    for (const one of document.querySelectorAll<HTMLElement>('.no-script')) one.hidden = true;
    controls.addEventListener('input', () => this.select());
    this.more.addEventListener('click', () => this.showMore());
    byId('copy')!.addEventListener('click', (event) => void this.copy(event.currentTarget as HTMLButtonElement));
    document.addEventListener('keydown', (event) => this.onKey(event));
    document.addEventListener('click', (event) => this.onLink(event));
    this.say();
    if (location.hash !== '') this.goTo(location.hash);
  }

  private makeSortable(heading: HTMLTableCellElement, column: number): void {
    const button = document.createElement('button');
    button.type = 'button';
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener('click', () => {
      const descends = this.order.sortBy(column);
      for (const other of this.table.tHead!.rows[0]!.cells) other.removeAttribute('aria-sort');
      heading.setAttribute('aria-sort', descends ? 'descending' : 'ascending');
      this.select();
    });
  }

  private boxes(): HTMLInputElement[] {
    return [...document.querySelectorAll<HTMLInputElement>('#controls input[type=checkbox]')];
  }

  private match(): Match {
    const wanted = this.boxes().filter(({ checked }) => checked);
    return matchOf(
      this.data,
      this.filter.value,
      wanted.reduce((bits, { value }) => bits | (1 << Number(value)), 0),
    );
  }

  /** Shows what fits, from the first row. */
  private select(): void {
    const match = this.match();
    this.fitting = this.order.indices().filter((index) => match(this.data.rows[index]!));
    this.shown = FIRST_ROWS;
    this.marked = null;
    this.draw();
    const hint = this.fitting.length > 0 ? null : otherCaseHint(this.data, this.filter.value);
    this.hint.hidden = hint === null;
    this.hint.textContent = hint ?? '';
  }

  private draw(): void {
    const drawn: Drawn = { data: this.data, rows: this.fitting.slice(0, this.shown), marked: this.marked };
    this.body.replaceChildren(drawRows(drawn));
    this.say();
  }

  private showMore(): void {
    const from = this.shown;
    this.shown += MORE;
    this.body.append(drawRows({ data: this.data, rows: this.fitting.slice(from, this.shown), marked: this.marked }));
    this.say();
  }

  private say(): void {
    const left = this.fitting.length - Math.min(this.shown, this.fitting.length);
    this.more.hidden = left === 0;
    this.more.textContent = left > MORE ? `Show ${MORE} more` : `Show the other ${exact(left)}`;
    const [count, all] = [this.fitting.length, this.data.rows.length];
    const rows = this.fitting.map((index) => this.data.rows[index]!);
    byId('count')!.textContent = [
      count === all ? `${exact(all)} rows` : `${exact(count)} of ${exact(all)} fit`,
      ...(left > 0 ? [`the first ${exact(this.shown)} shown`] : []),
      sumText(this.data, rows),
    ]
      .filter((part) => part !== '')
      .join(', ');
  }

  /** Leads to a row, wherever it is; a filter that hides it is emptied. */
  private goTo(hash: string): boolean {
    const index = Number(/^#row-(\d+)$/.exec(hash)?.[1] ?? NaN);
    if (!(index < this.data.rows.length)) return false;
    if (!this.fitting.includes(index)) this.clear();
    const at = this.fitting.indexOf(index);
    while (this.shown <= at) this.shown += MORE;
    this.marked = index;
    this.draw();
    const row = byId(`row-${index}`)!;
    row.tabIndex = -1;
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: 'center' });
    return true;
  }

  private clear(): void {
    this.filter.value = '';
    for (const box of this.boxes()) box.checked = false;
    this.select();
  }

  private onLink(event: MouseEvent): void {
    const link = (event.target as Element).closest('a');
    const hash = link?.getAttribute('href') ?? link?.getAttribute('xlink:href') ?? '';
    const mark = /^#only-(\d+)$/.exec(hash)?.[1];
    if (mark !== undefined) this.showOnly(mark);
    if (mark !== undefined || this.goTo(hash)) event.preventDefault();
  }

  /** What the verdict links to: all rows with a mark. */
  private showOnly(mark: string): void {
    this.filter.value = '';
    for (const box of this.boxes()) box.checked = box.value === mark;
    this.select();
    this.filter.focus({ preventScroll: true });
    this.filter.scrollIntoView({ block: 'center' });
  }

  private onKey(event: KeyboardEvent): void {
    const isInField = event.target instanceof HTMLInputElement && event.target.type === 'search';
    if (event.key === '/' && !isInField && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      this.filter.focus();
    }
    if (event.key === 'Escape' && (isInField || this.filter.value !== '')) this.clear();
  }

  private async copy(button: HTMLButtonElement): Promise<void> {
    const text = csvOf(
      this.data,
      this.fitting.slice(0, this.shown).map((index) => this.data.rows[index]!),
    );
    const label = 'Copy as CSV';
    button.textContent = (await copied(text))
      ? `Copied ${exact(Math.min(this.shown, this.fitting.length))} rows`
      : 'Not permitted here';
    setTimeout(() => (button.textContent = label), 2000);
  }
}

/** Where the clipboard is not given to scripts, a selection is copied as by hand. */
async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement('textarea');
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    return done;
  }
}

const [rows, table] = [byId('rows'), byId<HTMLTableElement>('table')];
if (rows !== null && table !== null) new SortedTable(JSON.parse(rows.textContent!) as TableData, table);
