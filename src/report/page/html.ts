import { printable, printableLines } from '../../printable.js';

/** Text that is HTML already: everything else that goes into a page is escaped. */
export class Html {
  constructor(readonly text: string) {}
}

/** What a template takes: text is escaped, lists are joined, and nothing is written for null and false. */
export type Content = Html | string | number | bigint | null | false | readonly Content[];

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** What is hidden in text is shown escaped, as on a terminal. */
function escape(text: string): string {
  return printableLines(text).replace(/[&<>"']/g, (char) => ESCAPES[char]!);
}

function textOf(content: Content): string {
  if (content === null || content === false) return '';
  if (content instanceof Html) return content.text;
  return Array.isArray(content) ? content.map(textOf).join('') : escape(String(content as string | number | bigint));
}

/** A template whose values are escaped, in text and in quoted attributes; its indentation is the source's own. */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Html {
  const parts = strings.map((part) => part.replace(/\n\s+/g, '\n'));
  return new Html(parts.map((part, index) => part + (index < values.length ? textOf(values[index]!) : '')).join(''));
}

/** Contents with something between them. */
export function joined(contents: readonly Content[], between: Content): Html {
  return html`${contents.map((content, index) => (index === 0 ? content : [between, content]))}`;
}

/** A name out of an image or a file system: its direction of writing ends with it. */
export function foreign(text: string): Html {
  return html`<bdi>${text}</bdi>`;
}

/** A pool tag, whose spaces count. */
export function tagText(tag: string): Html {
  return html`<bdi class="tag">${tag}</bdi>`;
}

/** Names for charts and sentences: one line, with an ellipsis in the middle of long ones, so that both ends show. */
export function shortened(text: string, length: number): string {
  const chars = [...printable(text)];
  if (chars.length <= length) return chars.join('');
  const head = Math.ceil((length - 1) / 2);
  return `${chars.slice(0, head).join('')}…${chars.slice(chars.length - (length - 1 - head)).join('')}`;
}
